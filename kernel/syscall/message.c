// SPDX-License-Identifier: MIT
//
// sendto(2), sendmsg(2), sendmmsg(2) and their receiving kin: each becomes a
// struct message for the socket layer.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <dev/timer.h>
#include <mm/uaccess.h>
#include <net/sockaddr.h>
#include <string.h>
#include <syscall/socket.h>
#include <syscall/syscalls.h>

#define MESSAGES_MAX 1024u  // of one sendmmsg or recvmmsg, as Linux

static unsigned message_flags(const struct file *file, unsigned long flags)
{
    bool nonblock = READ_ONCE(file->flags) & O_NONBLOCK;

    return (unsigned)flags | (nonblock ? MSG_DONTWAIT : 0);
}

long sys_sendto(long fd, uaddr buffer, unsigned long size, unsigned long flags,
                uaddr address, unsigned long length)
{
    struct socket_address to;
    struct socket *socket;
    struct file *file;
    struct uio uio;
    ssize_t result = socket_fd_get(fd, &file, &socket);

    if (result < 0)
        return result;
    uio_user(&uio, buffer, MIN(size, (unsigned long)INT32_MAX));
    struct message message = {.uio = &uio, .flags = message_flags(file, flags)};
    if (address) {
        result = address_from_user(&to, address, length);
        message.address = &to;
    }
    if (result == 0)
        result = socket_send(socket, &message);
    file_put(file);
    return result;
}

long sys_recvfrom(long fd, uaddr buffer, unsigned long size,
                  unsigned long flags, uaddr address, uaddr length)
{
    struct socket_address from = {0};
    struct socket *socket;
    struct file *file;
    struct uio uio;
    ssize_t result = socket_fd_get(fd, &file, &socket);

    if (result < 0)
        return result;
    uio_user(&uio, buffer, MIN(size, (unsigned long)INT32_MAX));
    struct message message = {.uio = &uio,
                              .flags = message_flags(file, flags),
                              .address = address ? &from : NULL};
    if (address)
        result = address_user_check(address, length);
    if (result == 0)
        result = socket_receive(socket, &message);
    if (result >= 0 && address) {
        int error = address_to_user(&from, address, length);
        if (error < 0)
            result = error;
    }
    file_put(file);
    return result;
}

// ---- sendmsg and recvmsg ----

// Copy the header in and import its buffers. uio_release afterwards.
static int header_from_user(struct abi_msghdr *header, uaddr from,
                            struct uio *uio)
{
    int error = GET_USER(header, from);

    if (error < 0)
        return error;
    if (header->iovlen > IOV_MAX)
        return -EMSGSIZE;
    return uio_import(uio, header->iov, header->iovlen);
}

static ssize_t send_message(struct file *file, struct socket *socket,
                            uaddr user_header, unsigned long flags)
{
    struct abi_msghdr header;
    struct socket_address to;
    struct uio uio;
    ssize_t result = header_from_user(&header, user_header, &uio);

    if (result < 0)
        return result;
    struct message message = {.uio = &uio, .flags = message_flags(file, flags)};
    if (header.name && header.namelen) {
        result = address_from_user(&to, header.name,
                                   MIN(header.namelen, (uint32_t)SOCKADDR_MAX));
        message.address = &to;
    }
    if (result == 0)
        result = control_from_user(&message.control, header.control,
                                   header.controllen);
    if (result == 0)
        result = socket_send(socket, &message);
    control_release(&message.control);
    uio_release(&uio);
    return result;
}

// Store what recvmsg says besides the data.
static int header_to_user(uaddr user_header, const struct abi_msghdr *header,
                          const struct message *message)
{
    const uaddr namelen = user_header + offsetof(struct abi_msghdr, namelen);
    const uaddr flags = user_header + offsetof(struct abi_msghdr, flags);
    const uaddr controllen =
        user_header + offsetof(struct abi_msghdr, controllen);
    int error = 0;

    if (message->address)
        error = address_to_user(message->address, header->name, namelen);
    if (error == 0)
        error = PUT_USER(flags, message->out_flags);
    return error < 0 ? error
                     : PUT_USER(controllen, (uint64_t)message->control.used);
}

static ssize_t receive_message(struct file *file, struct socket *socket,
                               uaddr user_header, unsigned long flags)
{
    struct socket_address from = {0};
    struct abi_msghdr header;
    struct uio uio;
    ssize_t result = header_from_user(&header, user_header, &uio);

    if (result < 0)
        return result;
    struct message message = {.uio = &uio,
                              .flags = message_flags(file, flags),
                              .address = header.name ? &from : NULL,
                              .control = {.to = header.control,
                                          .room = header.controllen,
                                          .cloexec = flags & MSG_CMSG_CLOEXEC}};
    result = user_write_check(user_header, sizeof(header));
    if (header.name && result == 0)
        result = address_user_check(
            header.name, user_header + offsetof(struct abi_msghdr, namelen));
    if (result == 0)
        result = socket_receive(socket, &message);
    if (result >= 0) {
        int error = header_to_user(user_header, &header, &message);
        if (error < 0)
            result = error;
    }
    uio_release(&uio);
    return result;
}

long sys_sendmsg(long fd, uaddr header, unsigned long flags)
{
    struct socket *socket;
    struct file *file;
    ssize_t result = socket_fd_get(fd, &file, &socket);

    if (result < 0)
        return result;
    result = send_message(file, socket, header, flags);
    file_put(file);
    return result;
}

long sys_recvmsg(long fd, uaddr header, unsigned long flags)
{
    struct socket *socket;
    struct file *file;
    ssize_t result = socket_fd_get(fd, &file, &socket);

    if (result < 0)
        return result;
    result = receive_message(file, socket, header, flags);
    file_put(file);
    return result;
}

// ---- several at once ----

long sys_sendmmsg(long fd, uaddr headers, unsigned long count,
                  unsigned long flags)
{
    struct socket *socket;
    struct file *file;
    unsigned sent = 0;
    ssize_t result = socket_fd_get(fd, &file, &socket);

    if (result < 0)
        return result;
    for (; sent < MIN((unsigned)count, MESSAGES_MAX); sent++) {
        uaddr at = headers + sent * sizeof(struct abi_mmsghdr);

        result = send_message(file, socket, at, flags);
        if (result < 0)
            break;
        result = PUT_USER(at + offsetof(struct abi_mmsghdr, length),
                          (uint32_t)result);
        if (result < 0)
            break;
    }
    file_put(file);
    return sent ? sent : result;
}

// recvmmsg's timeout, as Linux has it: looked at after each message only.
static int timeout_from_user(uaddr timeout, nsec_t *until)
{
    struct {
        int64_t seconds, nanoseconds;
    } time;

    *until = NSEC_FOREVER;
    if (!timeout)
        return 0;
    int error = GET_USER(&time, timeout);
    if (error < 0)
        return error;
    if (time.seconds < 0 || time.nanoseconds < 0 ||
        time.nanoseconds >= (int64_t)NSEC_PER_SEC)
        return -EINVAL;
    *until = clock_monotonic() + time.seconds * NSEC_PER_SEC + time.nanoseconds;
    return 0;
}

long sys_recvmmsg(long fd, uaddr headers, unsigned long count,
                  unsigned long flags, uaddr timeout)
{
    struct socket *socket;
    struct file *file;
    unsigned received = 0;
    nsec_t until;
    ssize_t result = timeout_from_user(timeout, &until);

    if (result == 0)
        result = socket_fd_get(fd, &file, &socket);
    if (result < 0)
        return result;
    while (received < MIN((unsigned)count, MESSAGES_MAX)) {
        uaddr at = headers + received * sizeof(struct abi_mmsghdr);

        result = receive_message(file, socket, at, flags & ~MSG_WAITFORONE);
        if (result < 0)
            break;
        result = PUT_USER(at + offsetof(struct abi_mmsghdr, length),
                          (uint32_t)result);
        if (result < 0)
            break;
        received++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (clock_monotonic() >= until)
            break;
    }
    file_put(file);
    return received ? received : result;
}
