// SPDX-License-Identifier: MIT
//
// kernel/fs/tty_line.c: editing, echo, special keys, and what a reader gets.

#include "unit.h"

#include "../../kernel/fs/tty_line.h"

static struct tty_line line;
static char screen[65536];
static size_t shown;
static int signals[8], signal_count;

static void echo(struct tty_line *l, const char *s, size_t n)
{
    (void)l;
    memcpy(screen + shown, s, n);
    shown += n;
}

static void send(struct tty_line *l, int signal)
{
    (void)l;
    signals[signal_count++ % 8] = signal;
}

static const struct tty_line_ops ops = {echo, send};

static void start(void)
{
    tty_line_init(&line, &ops);
    shown = 0;
    signal_count = 0;
}

static void start_raw(void)
{
    start();
    struct abi_termios termios = line.termios;
    termios.lflag &= ~(ICANON | ECHO | ISIG);
    termios.iflag &= ~(ICRNL | IXON);
    tty_line_set_termios(&line, &termios);
}

static void type(const char *keys)
{
    for (; *keys; keys++)
        tty_line_input(&line, *keys);
}

static bool screen_is(const char *text)
{
    return shown == strlen(text) && !memcmp(screen, text, shown);
}

// One read of at most n bytes gives this text; does it end a line?
static bool read_is(size_t n, const char *text, bool ends)
{
    char buf[TTY_LINE_SIZE];
    bool end;
    size_t got = tty_line_read(&line, buf, n, &end);

    return got == strlen(text) && !memcmp(buf, text, got) && end == ends;
}

// ---- canonical mode ----

TEST(a_line_waits_for_its_end)
{
    start();
    type("abc");
    CHECK(!tty_line_readable(&line));
    CHECK(read_is(100, "", false));
    type("\r");
    CHECK(tty_line_readable(&line));
    CHECK(read_is(100, "abc\n", true));
    CHECK(!tty_line_readable(&line));
    CHECK(screen_is("abc\r\n"));
}

TEST(a_read_gives_one_line)
{
    start();
    type("one\rtwo\r");
    CHECK_EQ(tty_line_available(&line), 8);
    CHECK(read_is(2, "on", false));
    CHECK(read_is(100, "e\n", true));
    CHECK(read_is(100, "two\n", true));
}

TEST(erasing)
{
    start();
    type("ab\177c\r");
    CHECK(read_is(100, "ac\n", true));
    CHECK(screen_is("ab\b \bc\r\n"));
    start();
    type("\177\177x\r");
    CHECK(read_is(100, "x\n", true));
    CHECK(screen_is("x\r\n"));
}

TEST(erasing_does_not_reach_the_line_before)
{
    start();
    type("one\r\177\177\025two\r");
    CHECK(read_is(100, "one\n", true));
    CHECK(read_is(100, "two\n", true));
}

TEST(erasing_what_is_wide_on_the_screen)
{
    start();
    type("a\026\001\177");  // ^V ^A is shown as ^A
    CHECK(screen_is("a^\b^A\b \b\b \b"));
    start();
    tty_line_input(&line, 'a');
    type("\t\177");  // to column 8 and back to 1
    CHECK(screen_is("a\t\b \b\b \b\b \b\b \b\b \b\b \b\b \b"));
}

TEST(erasing_utf8)
{
    start();
    struct abi_termios termios = line.termios;
    termios.iflag |= IUTF8;
    tty_line_set_termios(&line, &termios);
    type("x\303\274\177\r");
    CHECK(read_is(100, "x\n", true));
    CHECK(screen_is("x\303\274\b \b\r\n"));
}

TEST(killing_words_and_lines)
{
    start();
    type("one two, \027x\r");
    CHECK(read_is(100, "one x\n", true));
    start();
    type("abc\025d\r");
    CHECK(read_is(100, "d\n", true));
    CHECK(screen_is("abc\b \b\b \b\b \bd\r\n"));
}

TEST(end_of_file)
{
    bool end;
    char c;

    start();
    type("\004");
    CHECK(tty_line_readable(&line));
    CHECK_EQ(tty_line_read(&line, &c, 1, &end), 0);
    CHECK(end);
    CHECK(!tty_line_readable(&line));
    // In the middle of a line it only hands over what there is.
    type("ab\004cd\r");
    CHECK(read_is(100, "ab", true));
    CHECK(read_is(100, "cd\n", true));
    // Right behind a buffer that is full by then it is no second end.
    type("ab\004");
    CHECK(read_is(2, "ab", true));
    CHECK(!tty_line_readable(&line));
}

TEST(literal_next)
{
    start();
    type("\026\003\026\177\r");
    CHECK_EQ(signal_count, 0);
    CHECK(read_is(100, "\003\177\n", true));
}

TEST(a_full_line_still_ends)
{
    char buf[TTY_LINE_SIZE];
    bool end;

    start();
    for (unsigned i = 0; i < TTY_LINE_SIZE + 100; i++)
        tty_line_input(&line, 'x');
    CHECK(!tty_line_readable(&line));
    type("\r");
    CHECK_EQ(tty_line_read(&line, buf, sizeof(buf), &end), TTY_LINE_SIZE);
    CHECK(end);
    CHECK_EQ(buf[TTY_LINE_SIZE - 1], '\n');
    type("again\r");
    CHECK(read_is(100, "again\n", true));
}

TEST(many_lines_go_round)
{
    start();
    for (int i = 0; i < 3000; i++) {
        type("abcde\r");
        shown = 0;
        CHECK(read_is(100, "abcde\n", true));
    }
}

// ---- signals and flow ----

TEST(signal_keys)
{
    start();
    type("typed\003");
    CHECK_EQ(signal_count, 1);
    CHECK_EQ(signals[0], 2);
    CHECK(screen_is("typed^C"));
    type("x\r");
    CHECK(read_is(100, "x\n", true));
    type("\034\032");
    CHECK_EQ(signals[1], 3);
    CHECK_EQ(signals[2], 20);
}

TEST(signal_keys_without_a_flush)
{
    start();
    struct abi_termios termios = line.termios;
    termios.lflag |= NOFLSH;
    tty_line_set_termios(&line, &termios);
    type("ab\003c\r");
    CHECK(read_is(100, "abc\n", true));
}

TEST(stop_and_start)
{
    start();
    type("\023");
    CHECK(line.stopped);
    type("a");
    CHECK(line.stopped);
    type("\021");
    CHECK(!line.stopped);
    type("\r");
    CHECK(read_is(100, "a\n", true));
}

// ---- raw mode ----

TEST(raw_bytes_come_as_they_are)
{
    start_raw();
    type("a\003\r\177");
    CHECK_EQ(signal_count, 0);
    CHECK(screen_is(""));
    CHECK(read_is(100, "a\003\r\177", false));
}

TEST(raw_minimum)
{
    start_raw();
    line.termios.cc[VMIN] = 3;
    type("ab");
    CHECK(!tty_line_readable(&line));
    type("c");
    CHECK(tty_line_readable(&line));
    line.termios.cc[VTIME] = 1;
    CHECK(read_is(2, "ab", false));
    CHECK(tty_line_readable(&line));
}

TEST(changing_modes_keeps_what_was_typed)
{
    start();
    type("half");
    struct abi_termios termios = line.termios;
    termios.lflag &= ~ICANON;
    tty_line_set_termios(&line, &termios);
    CHECK(read_is(100, "half", false));
    type("raw");
    termios.lflag |= ICANON;
    tty_line_set_termios(&line, &termios);
    CHECK(tty_line_readable(&line));
    CHECK(read_is(100, "raw", false));
}

// ---- input and output flags ----

TEST(returns_and_newlines)
{
    start();
    line.termios.iflag = INLCR;
    type("a\r");
    CHECK(!tty_line_readable(&line));
    line.termios.iflag = IGNCR;
    type("\rb\n");
    CHECK(read_is(100, "a\rb\n", true));
}

static bool output_is(const char *text, const char *wanted)
{
    char out[TTY_LINE_OUTPUT_MAX], all[256];
    size_t n = 0;

    for (; *text; text++) {
        size_t length = tty_line_output(&line, *text, out);
        memcpy(all + n, out, length);
        n += length;
    }
    return n == strlen(wanted) && !memcmp(all, wanted, n);
}

TEST(output)
{
    start();
    CHECK(output_is("a\nb", "a\r\nb"));
    line.termios.oflag = 0;
    CHECK(output_is("a\nb\r", "a\nb\r"));
    line.termios.oflag = OPOST | OCRNL;
    CHECK(output_is("a\rb", "a\nb"));
    line.termios.oflag = OPOST | ONLCR | XTABS;
    CHECK(output_is("\n12\t3", "\r\n12      3"));
    line.termios.oflag = OPOST | ONOCR | ONLCR;
    CHECK(output_is("\n\rx\r", "\r\nx\r"));
}
