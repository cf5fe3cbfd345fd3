// SPDX-License-Identifier: MIT
//
// Ancillary data, cmsg(3): what sendmsg says besides bytes and address, and
// what recvmsg tells. struct message carries it both ways.
//
// Sending: the user's items are copied in and checked before the protocol is
// called, which looks through them:
//
//     struct control_item item;
//     control_for_each(item, message) {
//         if (item.level == IPPROTO_IP && item.type == IP_TTL) ...
//
// Receiving: for each thing that the user asked to be told, the protocol calls
// control_put, after it has copied the data out and before it takes the
// datagram off its queue: an error then is recvmsg's result, and costs nothing.

#pragma once

#include <abi/socket.h>

struct file;
struct message;

struct control {
    uint8_t *sent;       // sending: the items as the user laid them out
    size_t sent_length;  // bytes of it

    uaddr to;      // receiving: where the next item goes; 0: nowhere
    size_t room;   // bytes left there
    size_t used;   // bytes written
    bool cloexec;  // MSG_CMSG_CLOEXEC: descriptors close on exec
};

// One item. data lives as long as the message.
struct control_item {
    int level, type;
    const void *data;
    size_t length;  // of data
};

#define control_for_each(item, message) \
    for (size_t control_at = 0; control_next(message, &control_at, &(item));)

// The item at *at, which moves on; false: there are no more.
bool control_next(const struct message *message, size_t *at,
                  struct control_item *item);

// The value of an item that has to be an int: 0, or -EINVAL for another length.
must_check int control_integer(const struct control_item *item, int *value);

// Tell the user one thing. What he has no room for is cut, or left out, and
// MSG_CTRUNC says so. 0 or -EFAULT. Touches user memory: may sleep, no lock
// held but the socket's mutexes.
must_check int control_put(struct message *message, int level, int type,
                           const void *data, size_t length);
must_check int control_put_integer(struct message *message, int level, int type,
                                   int value);

// Give the user descriptors for count files, as many as there are room and
// free descriptors for (else MSG_CTRUNC): SCM_RIGHTS. Borrows the files. 0, or
// -EFAULT; then there are no new descriptors. As control_put.
must_check int control_put_files(struct message *message,
                                 struct file *const *files, unsigned count);

// Items of level SOL_SOCKET that any protocol but AF_UNIX takes: 0 or -EINVAL.
int control_check_socket(const struct message *message);

// ---- for the system calls ----

// Copy sendmsg's control data in and check it: 0, -EINVAL (an item's length
// does not fit), -ENOBUFS (more than net.core.optmem_max), -EFAULT. Release
// afterwards, whatever it said.
must_check int control_from_user(struct control *control, uaddr from,
                                 uint64_t length);
void control_release(struct control *control);
