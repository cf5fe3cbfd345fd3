// SPDX-License-Identifier: MIT
//
// The parts of the web server: the loop (main.c) feeds connections, a
// connection collects a request (request.c) and sends a response (response.c).
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#define REQUEST_SIZE 8192
#define OUTPUT_SIZE  16384

// What a client asks for.
struct request {
    bool head;            // HEAD: the response has no body
    bool keep_alive;      // the connection serves further requests
    char path[PATH_MAX];  // decoded, relative to the root, which is ""
    bool folder;          // the path ended with a slash
};

enum state {
    READING,   // collects a request
    WRITING,   // sends a response
    DRAINING,  // has said all: waits for the client to close
    CLOSED,
};

struct connection {
    int fd;
    enum state state;
    bool keep_alive;  // after this response
    time_t deadline;  // of the monotonic clock: when silence ends it
    char input[REQUEST_SIZE + 1];
    size_t input_length;
    char output[OUTPUT_SIZE];  // bytes to send: from start to end
    size_t output_start, output_end;
    int file;         // what follows in the response, or -1
    off_t file_left;  // bytes of it
    char *text;       // or this follows, from malloc
    size_t text_length, text_sent;
};

// main.c
extern int idle_seconds;  // how long a client may be silent

time_t now(void);

// connection.c: each call goes on as far as it can without waiting.
struct connection *connection_open(int fd);
void connection_free(struct connection *c);
short connection_events(const struct connection *c);  // for poll()
void connection_ready(struct connection *c);

// request.c: `text` is the head of a request, which it cuts into pieces.
// Returns 0, or the HTTP status that tells what is wrong with it.
int request_parse(char *text, struct request *request);

// response.c: puts a response into the connection.
void respond(struct connection *c, const struct request *request);
void respond_error(struct connection *c, int status, bool head);
