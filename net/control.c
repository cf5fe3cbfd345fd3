// SPDX-License-Identifier: MIT
//
// Ancillary data crosses the user boundary here, and nowhere else: see
// net/control.h. Layout and alignment are cmsg(3)'s.

#include <abi/errno.h>
#include <fs/file.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <net/socket.h>
#include <net/sysctl.h>

#define HEADER     sizeof(struct abi_cmsghdr)
#define ALIGNED(n) ALIGN_UP((size_t)(n), 8)
#define SPACE(n)   (HEADER + ALIGNED(n))

// ---- sending ----

static const struct abi_cmsghdr *header_at(const struct control *control,
                                           size_t at)
{
    return (const struct abi_cmsghdr *)(control->sent + at);
}

// Is there a header at all? A rest that is too short for one is no item.
static bool has_header(const struct control *control, size_t at)
{
    return at <= control->sent_length && control->sent_length - at >= HEADER;
}

static int check(const struct control *control)
{
    for (size_t at = 0; has_header(control, at);) {
        uint64_t length = header_at(control, at)->length;

        if (length < HEADER || length > control->sent_length - at)
            return -EINVAL;
        at += ALIGNED(length);
    }
    return 0;
}

int control_from_user(struct control *control, uaddr from, uint64_t length)
{
    if (length > (uint64_t)sysctl_optmem_max)
        return -ENOBUFS;
    if (length == 0)
        return 0;
    control->sent = kmalloc(length);
    if (!control->sent)
        return -ENOBUFS;
    control->sent_length = length;
    int error = copy_from_user(control->sent, from, length);
    return error < 0 ? error : check(control);
}

void control_release(struct control *control)
{
    kfree(control->sent);
    control->sent = NULL;
}

bool control_next(const struct message *message, size_t *at,
                  struct control_item *item)
{
    const struct control *control = &message->control;

    if (!has_header(control, *at))
        return false;
    const struct abi_cmsghdr *header = header_at(control, *at);
    *item = (struct control_item){.level = header->level,
                                  .type = header->type,
                                  .data = header + 1,
                                  .length = header->length - HEADER};
    *at += ALIGNED(header->length);
    return true;
}

int control_integer(const struct control_item *item, int *value)
{
    if (item->length != sizeof(*value))
        return -EINVAL;
    *value = *(const int *)item->data;
    return 0;
}

// Descriptors and credentials are AF_UNIX's business: others pass them over, as
// on Linux, but nothing else.
int control_check_socket(const struct message *message)
{
    struct control_item item;

    control_for_each(item, message)
    {
        if (item.level == SOL_SOCKET && item.type != SCM_RIGHTS &&
            item.type != SCM_CREDENTIALS)
            return -EINVAL;
    }
    return 0;
}

// ---- receiving ----

// Is there room for an item's header? If not, the user learns what he missed.
static bool has_room(struct message *message)
{
    if (message->control.to && message->control.room >= HEADER)
        return true;
    message->out_flags |= MSG_CTRUNC;
    return false;
}

// An item whose data is in place, or follows, becomes one by its header.
static int put_header(struct control *control, int level, int type,
                      size_t length)
{
    struct abi_cmsghdr header = {
        .length = HEADER + length, .level = level, .type = type};

    return PUT_USER(control->to, header);
}

static void advance(struct control *control, size_t length)
{
    size_t n = MIN(SPACE(length), control->room);

    control->to += n;
    control->room -= n;
    control->used += n;
}

int control_put(struct message *message, int level, int type, const void *data,
                size_t length)
{
    struct control *control = &message->control;

    if (!has_room(message))
        return 0;
    if (length > control->room - HEADER) {
        length = control->room - HEADER;
        message->out_flags |= MSG_CTRUNC;
    }
    int error = put_header(control, level, type, length);
    if (error == 0)
        error = copy_to_user(control->to + HEADER, data, length);
    if (error == 0)
        advance(control, length);
    return error;
}

int control_put_integer(struct message *message, int level, int type, int value)
{
    return control_put(message, level, type, &value, sizeof(value));
}

// One more descriptor, whose number the user finds at `to`. 0 or -errno.
static int put_file(struct file *file, uaddr to, bool cloexec)
{
    int fd = fd_reserve(0, cloexec);

    if (fd < 0)
        return fd;
    int error = PUT_USER(to, fd);
    if (error < 0) {
        fd_cancel(fd);
        return error;
    }
    file_get(file);
    fd_install(fd, file);
    return 0;
}

int control_put_files(struct message *message, struct file *const *files,
                      unsigned count)
{
    struct control *control = &message->control;
    unsigned n = 0;

    if (!has_room(message))
        return 0;
    size_t fits = (control->room - HEADER) / sizeof(int);
    size_t space = SPACE(MIN(fits, (size_t)count) * sizeof(int));
    int error = user_write_check(control->to, MIN(space, control->room));
    if (error < 0)
        return error;
    while (n < MIN(fits, (size_t)count) &&
           put_file(files[n], control->to + HEADER + n * sizeof(int),
                    control->cloexec) == 0)
        n++;
    if (n < count)
        message->out_flags |= MSG_CTRUNC;
    if (n == 0)
        return 0;
    error = put_header(control, SOL_SOCKET, SCM_RIGHTS, n * sizeof(int));
    advance(control, n * sizeof(int));
    return error;
}
