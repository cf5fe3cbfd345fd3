// SPDX-License-Identifier: MIT
//
// fetch [-qS] [-O file] [-T seconds] http://host[:port]/path
//
// Gets a page by HTTP/1.1 (RFC 9112), to standard output or a file. Follows
// redirections. -S shows the response's head, -q nothing but errors, -T limits
// each wait. Ends with 0, with 1 after an error on the way, or with 8 when the
// server answered with one.

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REDIRECTIONS 5

struct url {
    char host[256];
    char port[8];
    char path[4096];
};

struct response {
    int status;
    long long length;  // or -1: until the connection ends
    bool chunked;
    char location[4096];
};

static bool quiet, show_head;
static int seconds = 60;

// The host keeps the brackets of an IPv6 address (RFC 3986), for the request.
static bool parse_url(const char *text, struct url *url)
{
    size_t host;
    const char *path;

    if (strncasecmp(text, "http://", 7) != 0)
        return false;
    text += 7;
    path = text + strcspn(text, "/?#");
    host = *text == '[' ? strcspn(text, "]/?#") + 1 : strcspn(text, ":/?#");
    if (host == 0 || host >= sizeof(url->host) ||
        (*text == '[' && text[host - 1] != ']') ||
        (text[host] != ':' && text + host != path))
        return false;
    snprintf(url->host, sizeof(url->host), "%.*s", (int)host, text);
    strcpy(url->port, "80");
    if (text[host] == ':')
        snprintf(url->port, sizeof(url->port), "%.*s",
                 (int)(path - text - host - 1), text + host + 1);
    snprintf(url->path, sizeof(url->path), "%s%.*s", *path == '/' ? "" : "/",
             (int)strcspn(path, "#"), path);
    return true;
}

static struct addrinfo *resolve(const struct url *url)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    bool brackets = url->host[0] == '[';
    char host[sizeof(url->host)];
    int error;

    snprintf(host, sizeof(host), "%s", url->host + brackets);
    host[strcspn(host, "]")] = '\0';
    error = getaddrinfo(host, url->port, &hints, &found);
    if (error)
        errx(1, "%s: %s", url->host, gai_strerror(error));
    return found;
}

static FILE *connect_to(const struct url *url)
{
    struct addrinfo *found = resolve(url);
    struct timeval limit = {.tv_sec = seconds};
    int error = 0;

    for (struct addrinfo *to = found; to; to = to->ai_next) {
        int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, 0);

        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        if (connect(fd, to->ai_addr, to->ai_addrlen) == 0) {
            freeaddrinfo(found);
            return fdopen(fd, "r+");
        }
        error = errno == EINPROGRESS ? ETIMEDOUT : errno;
        close(fd);
    }
    errno = error;
    err(1, "%s:%s", url->host, url->port);
}

static void send_request(FILE *stream, const struct url *url)
{
    bool usual = strcmp(url->port, "80") == 0;

    fprintf(stream,
            "GET %s HTTP/1.1\r\n"
            "Host: %s%s%s\r\n"
            "User-Agent: fetch\r\n"
            "Accept: */*\r\n"
            "Connection: close\r\n"
            "\r\n",
            url->path, url->host, usual ? "" : ":", usual ? "" : url->port);
    if (fflush(stream) != 0)
        err(1, "%s", url->host);
}

// Reads a line without its end.
static bool read_line(FILE *stream, char *line, size_t size)
{
    if (!fgets(line, size, stream))
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

// The value, if the line is that header field.
static const char *field(const char *line, const char *name)
{
    size_t length = strlen(name);

    if (strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + 1 + strspn(line + length + 1, " \t");
}

static struct response read_head(FILE *stream, const char *host)
{
    struct response response = {.length = -1};
    char line[8192];
    const char *value;

    if (!read_line(stream, line, sizeof(line)))
        errx(1, "%s: no response", host);
    if (sscanf(line, "HTTP/1.%*d %d", &response.status) != 1)
        errx(1, "%s: no HTTP response", host);
    if (show_head)
        fprintf(stderr, "%s\n", line);
    while (read_line(stream, line, sizeof(line)) && *line) {
        if (show_head)
            fprintf(stderr, "%s\n", line);
        if ((value = field(line, "Content-Length")))
            response.length = strtoll(value, NULL, 10);
        else if ((value = field(line, "Transfer-Encoding")))
            response.chunked = strcasecmp(value, "chunked") == 0;
        else if ((value = field(line, "Location")))
            snprintf(response.location, sizeof(response.location), "%s", value);
    }
    return response;
}

// Copies `length` bytes, or all if it is -1. Returns how many there were.
static long long copy(FILE *stream, FILE *output, long long length)
{
    char buffer[16384];
    long long done = 0;

    while (length < 0 || done < length) {
        size_t want = sizeof(buffer), n;

        if (length >= 0 && length - done < (long long)want)
            want = length - done;
        n = fread(buffer, 1, want, stream);
        if (n == 0)
            break;
        if (fwrite(buffer, 1, n, output) != n)
            err(1, "output");
        done += n;
    }
    return done;
}

// RFC 9112, 7.1: each chunk's length in hex, the chunk, an empty line.
static long long copy_chunks(FILE *stream, FILE *output)
{
    long long total = 0;
    char line[256];

    while (read_line(stream, line, sizeof(line))) {
        char *end;
        long long length = strtoll(line, &end, 16);

        if (end == line || length < 0)
            break;
        if (length == 0)
            return total;
        if (copy(stream, output, length) != length)
            break;
        total += length;
        if (!read_line(stream, line, sizeof(line)) || *line)
            break;
    }
    errx(1, "the response ends in the middle");
}

static void receive(FILE *stream, const struct response *response, FILE *output)
{
    long long total;

    if (response->chunked)
        total = copy_chunks(stream, output);
    else
        total = copy(stream, output, response->length);
    if (ferror(stream))
        err(1, "network");
    if (response->length >= 0 && !response->chunked &&
        total != response->length)
        errx(1, "got %lld bytes of %lld", total, response->length);
    if (fflush(output) != 0)
        err(1, "output");
    if (!quiet)
        fprintf(stderr, "%lld bytes\n", total);
}

static bool is_redirection(const struct response *response)
{
    return (response->status == 301 || response->status == 302 ||
            response->status == 303 || response->status == 307 ||
            response->status == 308) &&
           *response->location;
}

static void follow(struct url *url, const char *location)
{
    if (*location == '/')
        snprintf(url->path, sizeof(url->path), "%s", location);
    else if (!parse_url(location, url))
        errx(1, "%s: cannot go there", location);
}

static int fetch(struct url *url, const char *path)
{
    for (int i = 0; i <= REDIRECTIONS; i++) {
        FILE *stream = connect_to(url), *output = stdout;
        struct response response;

        if (!stream)
            err(1, "fdopen");
        send_request(stream, url);
        response = read_head(stream, url->host);
        if (is_redirection(&response)) {
            follow(url, response.location);
            fclose(stream);
            continue;
        }
        if (response.status != 200) {
            warnx("%s: the server says %d", url->path, response.status);
            return 8;
        }
        if (path && !(output = fopen(path, "w")))
            err(1, "%s", path);
        receive(stream, &response, output);
        return 0;
    }
    errx(1, "more than %d redirections", REDIRECTIONS);
}

int main(int argc, char *argv[])
{
    static const struct option none[] = {{0}};
    const char *path = NULL;
    struct url url;
    int option;

    // getopt_long() takes options that stand after the URL, too.
    while ((option = getopt_long(argc, argv, "O:ST:q", none, NULL)) != -1) {
        switch (option) {
        case 'O':
            path = strcmp(optarg, "-") == 0 ? NULL : optarg;
            break;
        case 'S':
            show_head = true;
            break;
        case 'T':
            seconds = atoi(optarg);
            break;
        case 'q':
            quiet = true;
            break;
        default:
            return 2;
        }
    }
    if (argc - optind != 1 || !parse_url(argv[optind], &url))
        errx(2, "usage: fetch [-qS] [-O file] [-T seconds] http://host[:port]/"
                "path");
    return fetch(&url, path);
}
