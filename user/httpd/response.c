// SPDX-License-Identifier: MIT
//
// Makes the response to a request: a file, the list of a folder, a redirection
// to a folder, or an error.

#include "httpd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {301, "Moved Permanently"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {414, "URI Too Long"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

static const struct {
    const char *suffix;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".htm", "text/html; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/plain; charset=utf-8"},
    {".c", "text/plain; charset=utf-8"},
    {".h", "text/plain; charset=utf-8"},
    {".css", "text/css"},
    {".js", "text/javascript"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".gif", "image/gif"},
    {".ico", "image/x-icon"},
    {".pdf", "application/pdf"},
};

#define HTML "text/html; charset=utf-8"

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

static const char *type_of(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t suffix = strlen(types[i].suffix);

        if (length > suffix &&
            strcasecmp(path + length - suffix, types[i].suffix) == 0)
            return types[i].type;
    }
    return "application/octet-stream";
}

// Starts the response: status line and header fields. `extra` are further
// fields, each with its end of line.
static void put_head(struct connection *c, int status, const char *type,
                     long long length, const char *extra)
{
    time_t present = time(NULL);
    char date[64];

    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&present));
    c->output_start = 0;
    c->output_end = snprintf(c->output, OUTPUT_SIZE,
                             "HTTP/1.1 %d %s\r\n"
                             "Date: %s\r\n"
                             "Server: wharf\r\n"
                             "Content-Type: %s\r\n"
                             "Content-Length: %lld\r\n"
                             "Connection: %s\r\n"
                             "%s\r\n",
                             status, reason_of(status), date, type, length,
                             c->keep_alive ? "keep-alive" : "close", extra);
    c->state = WRITING;
}

// Adds a body from malloc, which the connection then owns.
static void put_text(struct connection *c, char *text, size_t length, bool head)
{
    c->text = text;
    c->text_length = head ? 0 : length;
}

static void put_page(struct connection *c, int status, const char *extra,
                     bool head)
{
    const char *reason = reason_of(status);
    char *page;
    int length = asprintf(&page,
                          "<!DOCTYPE html>\n<title>%d %s</title>\n"
                          "<h1>%d %s</h1>\n",
                          status, reason, status, reason);

    if (length < 0) {
        c->state = CLOSED;
        return;
    }
    put_head(c, status, HTML, length, extra);
    put_text(c, page, length, head);
}

// What is wrong with a request may leave its end unknown, so such a connection
// takes no other.
void respond_error(struct connection *c, int status, bool head)
{
    if (status != 404)
        c->keep_alive = false;
    put_page(c, status, status == 405 ? "Allow: GET, HEAD\r\n" : "", head);
}

static void respond_errno(struct connection *c, bool head)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        respond_error(c, 404, head);
        break;
    case EACCES:
    case EPERM:
    case ELOOP:
        respond_error(c, 403, head);
        break;
    case ENAMETOOLONG:
        respond_error(c, 414, head);
        break;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        respond_error(c, 503, head);
        break;
    default:
        respond_error(c, 500, head);
    }
}

static void put_escaped(FILE *page, const char *text)
{
    for (; *text; text++) {
        if (strchr("&<>\"'", *text))
            fprintf(page, "&#%d;", *text);
        else
            fputc(*text, page);
    }
}

static void put_encoded(FILE *stream, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                                "uvwxyz0123456789-._~/";

    for (; *text; text++) {
        if (strchr(plain, *text))
            fputc(*text, stream);
        else
            fprintf(stream, "%%%02X", (unsigned char)*text);
    }
}

static void put_entries(FILE *page, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        const char *slash = entries[i]->d_type == DT_DIR ? "/" : "";

        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            fputs("<li><a href=\"", page);
            put_encoded(page, name);
            fprintf(page, "%s\">", slash);
            put_escaped(page, name);
            fprintf(page, "%s</a>\n", slash);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void respond_list(struct connection *c, const struct request *request)
{
    char *text = NULL;
    size_t length = 0;
    FILE *page = open_memstream(&text, &length);

    if (!page) {
        respond_error(c, 503, request->head);
        return;
    }
    fputs("<!DOCTYPE html>\n<title>/", page);
    put_escaped(page, request->path);
    fputs("</title>\n<h1>/", page);
    put_escaped(page, request->path);
    fputs("</h1>\n<ul>\n", page);
    put_entries(page, *request->path ? request->path : ".");
    fputs("</ul>\n", page);
    fclose(page);
    put_head(c, 200, HTML, length, "");
    put_text(c, text, length, request->head);
}

// A browser resolves the links of a folder's page only if its URI ends with a
// slash.
static void redirect_to_folder(struct connection *c,
                               const struct request *request)
{
    char *location = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&location, &length);

    if (!stream) {
        respond_error(c, 503, request->head);
        return;
    }
    fputs("Location: /", stream);
    put_encoded(stream, request->path);
    fputs("/\r\n", stream);
    fclose(stream);
    put_page(c, 301, location, request->head);
    free(location);
}

// Takes the file's descriptor.
static void respond_file(struct connection *c, const struct request *request,
                         int file, const char *name)
{
    struct stat st;

    if (fstat(file, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(file);
        respond_error(c, 403, request->head);
        return;
    }
    put_head(c, 200, type_of(name), st.st_size, "");
    if (request->head) {
        close(file);
    } else {
        c->file = file;
        c->file_left = st.st_size;
    }
}

static void respond_folder(struct connection *c, const struct request *request,
                           int folder)
{
    int file = openat(folder, "index.html", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    close(folder);
    if (file >= 0)
        respond_file(c, request, file, "index.html");
    else
        respond_list(c, request);
}

void respond(struct connection *c, const struct request *request)
{
    const char *path = *request->path ? request->path : ".";
    struct stat st;
    bool folder;
    int fd;

    c->keep_alive = request->keep_alive;
    // O_NONBLOCK: opening a FIFO must not wait for somebody to write to it.
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        respond_errno(c, request->head);
        return;
    }
    folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    if (folder && request->folder) {
        respond_folder(c, request, fd);
    } else if (!folder && !request->folder) {
        respond_file(c, request, fd, path);
    } else {
        close(fd);
        if (folder)
            redirect_to_folder(c, request);
        else
            respond_error(c, 404, request->head);
    }
}
