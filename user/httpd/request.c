// SPDX-License-Identifier: MIT
//
// Reads the head of a request (RFC 9112, 3 and 5).

#include "httpd.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                      : -1;
}

// Decodes %41 and the like in place. Returns false if it is malformed.
static bool decode(char *text)
{
    char *to = text;

    for (; *text; text++) {
        int high, low;

        if (*text != '%') {
            *to++ = *text;
            continue;
        }
        high = hex_digit(text[1]);
        low = high < 0 ? -1 : hex_digit(text[2]);
        if (low < 0 || high + low == 0)
            return false;
        *to++ = high << 4 | low;
        text += 2;
    }
    *to = '\0';
    return true;
}

// Stores the path without empty and `.` parts. One that says `..` is refused:
// it could lead out of the root.
static int clean_path(char *text, struct request *request)
{
    size_t length = 0;
    char *part;

    if (strlen(text) >= sizeof(request->path))
        return 414;
    request->folder = true;
    while ((part = strsep(&text, "/"))) {
        request->folder = !*part || strcmp(part, ".") == 0;
        if (request->folder)
            continue;
        if (strcmp(part, "..") == 0)
            return 403;
        if (length > 0)
            request->path[length++] = '/';
        strcpy(request->path + length, part);
        length += strlen(part);
    }
    request->path[length] = '\0';
    return 0;
}

// The target is a path, or a whole URI as it would be sent to a proxy.
static int parse_target(char *target, struct request *request)
{
    if (strncasecmp(target, "http://", 7) == 0) {
        target += 7;
        target += strcspn(target, "/");
    } else if (*target != '/') {
        return 400;
    }
    target[strcspn(target, "?#")] = '\0';
    if (!decode(target))
        return 400;
    return clean_path(target, request);
}

// "HTTP/1.1": stores the digit after the point.
static int parse_version(const char *version, int *minor)
{
    if (strncmp(version, "HTTP/", 5) != 0 ||
        !isdigit((unsigned char)version[5]) || version[6] != '.' ||
        !isdigit((unsigned char)version[7]) || version[8])
        return 400;
    if (version[5] != '1')
        return 505;
    *minor = version[7] - '0';
    return 0;
}

static int parse_request_line(char *line, struct request *request, int *minor)
{
    char *method = strsep(&line, " ");
    char *target = line ? strsep(&line, " ") : NULL;
    int status;

    if (!target || !line)
        return 400;
    request->head = strcmp(method, "HEAD") == 0;
    status = parse_version(line, minor);
    if (status)
        return status;
    if (!request->head && strcmp(method, "GET") != 0)
        return 405;
    return parse_target(target, request);
}

// True if the list of words, with commas between them, contains `word`.
static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list) {
        list += strspn(list, ", \t");
        if (strncasecmp(list, word, length) == 0 &&
            strchr(", \t", list[length]))
            return true;
        list += strcspn(list, ",");
    }
    return false;
}

// Takes note of one header field. Returns false if it is malformed.
static bool parse_field(char *line, struct request *request, int *hosts)
{
    char *value = strchr(line, ':');

    if (!value || value == line || memchr(line, ' ', value - line) ||
        memchr(line, '\t', value - line))
        return false;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcasecmp(line, "Host") == 0) {
        ++*hosts;
    } else if (strcasecmp(line, "Connection") == 0) {
        if (list_has(value, "close"))
            request->keep_alive = false;
        else if (list_has(value, "keep-alive"))
            request->keep_alive = true;
    }
    return true;
}

// A body is not read: the connection ends after the response instead.
static bool announces_body(const char *line)
{
    if (strncasecmp(line, "Transfer-Encoding:", 18) == 0)
        return true;
    return strncasecmp(line, "Content-Length:", 15) == 0 &&
           strtoul(line + 15, NULL, 10) != 0;
}

int request_parse(char *text, struct request *request)
{
    int minor = 0, hosts = 0, status;
    bool body = false;
    char *line = strsep(&text, "\n");

    memset(request, 0, sizeof(*request));
    line[strcspn(line, "\r")] = '\0';
    status = parse_request_line(line, request, &minor);
    if (status)
        return status;
    request->keep_alive = minor >= 1;
    while (text && (line = strsep(&text, "\n"))) {
        line[strcspn(line, "\r")] = '\0';
        if (!*line)
            continue;
        body |= announces_body(line);
        if (!parse_field(line, request, &hosts))
            return 400;
    }
    if (body)
        request->keep_alive = false;
    return minor >= 1 && hosts != 1 ? 400 : 0;
}
