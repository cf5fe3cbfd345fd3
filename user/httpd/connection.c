// SPDX-License-Identifier: MIT
//
// One client. It sends requests, perhaps several at once, and takes the
// responses as slowly as it likes.

#include "httpd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRAIN_SECONDS 2

static void extend_deadline(struct connection *c)
{
    c->deadline = now() + idle_seconds;
}

// Takes the descriptor, unless it returns NULL.
struct connection *connection_open(int fd)
{
    struct connection *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->fd = fd;
    c->file = -1;
    extend_deadline(c);
    return c;
}

static void drop_body(struct connection *c)
{
    if (c->file >= 0)
        close(c->file);
    c->file = -1;
    free(c->text);
    c->text = NULL;
    c->text_length = c->text_sent = 0;
}

void connection_free(struct connection *c)
{
    drop_body(c);
    close(c->fd);
    free(c);
}

short connection_events(const struct connection *c)
{
    return c->state == WRITING ? POLLOUT : POLLIN;
}

// The length of the head of a request, with the empty line at its end, or 0.
static size_t head_length(const char *text, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        if (text[i] != '\n')
            continue;
        if (text[i - 1] == '\n' ||
            (i > 1 && text[i - 1] == '\r' && text[i - 2] == '\n'))
            return i + 1;
    }
    return 0;
}

// Empty lines before a request are not part of it (RFC 9112, 2.2).
static void skip_empty_lines(struct connection *c)
{
    size_t skip = 0;

    while (skip < c->input_length &&
           (c->input[skip] == '\r' || c->input[skip] == '\n'))
        skip++;
    c->input_length -= skip;
    memmove(c->input, c->input + skip, c->input_length);
}

// Answers the request at the start of the input, if it is all there.
static void take_request(struct connection *c)
{
    struct request request;
    size_t length;
    int status;

    skip_empty_lines(c);
    length = head_length(c->input, c->input_length);
    if (length == 0) {
        if (c->input_length < REQUEST_SIZE)
            return;
        c->input[c->input_length] = '\0';
        respond_error(c, strchr(c->input, '\n') ? 431 : 414, false);
        return;
    }
    if (memchr(c->input, '\0', length)) {
        respond_error(c, 400, false);
        return;
    }
    c->input[length - 1] = '\0';
    status = request_parse(c->input, &request);
    c->input_length -= length;
    memmove(c->input, c->input + length, c->input_length);
    if (status)
        respond_error(c, status, request.head);
    else
        respond(c, &request);
}

static void receive(struct connection *c)
{
    ssize_t n =
        read(c->fd, c->input + c->input_length, REQUEST_SIZE - c->input_length);

    if (n > 0) {
        c->input_length += n;
        extend_deadline(c);
        take_request(c);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        c->state = CLOSED;
    }
}

// Moves the next part of the body into the output. Returns false if a file
// turned out shorter than promised, which only a closed connection can tell.
static bool fill(struct connection *c)
{
    size_t room = OUTPUT_SIZE - c->output_end;
    char *to = c->output + c->output_end;

    if (c->text_sent < c->text_length) {
        size_t n = c->text_length - c->text_sent;

        if (n > room)
            n = room;
        memcpy(to, c->text + c->text_sent, n);
        c->text_sent += n;
        c->output_end += n;
    } else if (c->file_left > 0) {
        ssize_t n =
            read(c->file, to,
                 (off_t)room < c->file_left ? (off_t)room : c->file_left);

        if (n <= 0)
            return false;
        c->file_left -= n;
        c->output_end += n;
    }
    return true;
}

// Closing at once would send a reset if the client is still sending, and that
// may destroy the response on its way: say the end, and let the client close.
static void finish(struct connection *c)
{
    drop_body(c);
    if (c->keep_alive) {
        c->state = READING;
    } else {
        shutdown(c->fd, SHUT_WR);
        c->state = DRAINING;
        c->deadline = now() + DRAIN_SECONDS;
    }
}

static void transmit(struct connection *c)
{
    for (;;) {
        ssize_t n;

        if (c->output_start == c->output_end)
            c->output_start = c->output_end = 0;
        if (c->output_end < OUTPUT_SIZE && !fill(c)) {
            c->state = CLOSED;
            return;
        }
        if (c->output_start == c->output_end) {
            finish(c);
            return;
        }
        n = write(c->fd, c->output + c->output_start,
                  c->output_end - c->output_start);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR)
                c->state = CLOSED;
            return;
        }
        c->output_start += n;
        extend_deadline(c);
    }
}

static void discard(struct connection *c)
{
    ssize_t n = read(c->fd, c->input, REQUEST_SIZE);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        c->state = CLOSED;
}

// Called when poll() has reported the connection.
void connection_ready(struct connection *c)
{
    if (c->state == DRAINING) {
        discard(c);
        return;
    }
    if (c->state == READING)
        receive(c);
    // Further requests may have come along with the first.
    while (c->state == WRITING) {
        transmit(c);
        if (c->state != READING)
            break;
        take_request(c);
    }
}
