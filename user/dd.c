// SPDX-License-Identifier: MIT
//
// dd [if=file] [of=file] [bs=size] [count=blocks] [skip=blocks] [seek=blocks]
// [conv=notrunc,fsync]: copies block by block. A size may end with k, M or G.

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct request {
    const char *input;
    const char *output;
    size_t block;
    unsigned long long count;
    unsigned long long skip;
    unsigned long long seek;
    bool keep;  // what is in the output file already
    bool sync;  // the output reaches the disk
};

static unsigned long long size(const char *text)
{
    static const char suffixes[] = "kMG";
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    const char *suffix = *end ? strchr(suffixes, *end) : NULL;

    if (end == text || (*end && (!suffix || end[1])))
        errx(2, "%s: not a size", text);
    return suffix ? value << (10 * (suffix - suffixes + 1)) : value;
}

static void parse_conversions(struct request *r, char *list)
{
    for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
        if (strcmp(word, "notrunc") == 0)
            r->keep = true;
        else if (strcmp(word, "fsync") == 0)
            r->sync = true;
        else
            errx(2, "conv=%s: not understood", word);
    }
}

static void parse(struct request *r, char *operand)
{
    if (strncmp(operand, "if=", 3) == 0)
        r->input = operand + 3;
    else if (strncmp(operand, "of=", 3) == 0)
        r->output = operand + 3;
    else if (strncmp(operand, "bs=", 3) == 0)
        r->block = size(operand + 3);
    else if (strncmp(operand, "count=", 6) == 0)
        r->count = size(operand + 6);
    else if (strncmp(operand, "skip=", 5) == 0)
        r->skip = size(operand + 5);
    else if (strncmp(operand, "seek=", 5) == 0)
        r->seek = size(operand + 5);
    else if (strncmp(operand, "conv=", 5) == 0)
        parse_conversions(r, operand + 5);
    else
        errx(2, "%s: not understood", operand);
}

// Moves the input on, by reading where it cannot seek.
static void skip(const struct request *r, char *buffer)
{
    if (r->skip == 0 || lseek(0, r->skip * r->block, SEEK_CUR) >= 0)
        return;
    for (unsigned long long i = 0; i < r->skip; i++) {
        if (read(0, buffer, r->block) < 0)
            err(1, "skip");
    }
}

static void open_as(int fd, const char *path, int flags)
{
    int opened = path ? open(path, flags, 0666) : fd;

    if (opened < 0)
        err(1, "%s", path);
    if (opened != fd) {
        dup2(opened, fd);
        close(opened);
    }
}

static void write_all(const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(1, data, length);

        if (n < 0)
            err(1, "write");
        data += n;
        length -= n;
    }
}

static void report(unsigned long long full, unsigned long long partial,
                   unsigned long long bytes, const struct timespec *start)
{
    struct timespec end;
    double seconds;

    clock_gettime(CLOCK_MONOTONIC, &end);
    seconds = end.tv_sec - start->tv_sec + (end.tv_nsec - start->tv_nsec) / 1e9;
    fprintf(stderr, "%llu+%llu blocks, %llu bytes, %.3f s, %.1f MB/s\n", full,
            partial, bytes, seconds, seconds > 0 ? bytes / seconds / 1e6 : 0);
}

int main(int argc, char *argv[])
{
    struct request r = {.block = 512, .count = ~0ULL};
    unsigned long long full = 0, partial = 0, bytes = 0;
    struct timespec start;
    char *buffer;
    ssize_t n = 0;

    for (int i = 1; i < argc; i++)
        parse(&r, argv[i]);
    buffer = r.block > 0 ? malloc(r.block) : NULL;
    if (!buffer)
        errx(2, "bs=%zu: bad block size", r.block);
    open_as(0, r.input, O_RDONLY);
    open_as(1, r.output, O_WRONLY | O_CREAT | (r.keep ? 0 : O_TRUNC));
    clock_gettime(CLOCK_MONOTONIC, &start);
    skip(&r, buffer);
    if (r.seek > 0 && lseek(1, r.seek * r.block, SEEK_SET) < 0)
        err(1, "seek");
    while (full + partial < r.count && (n = read(0, buffer, r.block)) > 0) {
        write_all(buffer, n);
        bytes += n;
        *((size_t)n == r.block ? &full : &partial) += 1;
    }
    if (n < 0)
        err(1, "read");
    if (r.sync && fsync(1) < 0)
        err(1, "fsync");
    report(full, partial, bytes, &start);
    return 0;
}
