// SPDX-License-Identifier: MIT
//
// /dev/net/tun: a file becomes one end of an interface by TUNSETIFF. Each read
// takes one frame that the machine sent, each write is one that it receives
// before write returns.

#include "tun.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mode.h>
#include <abi/packet.h>
#include <abi/poll.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <string.h>

#define FEATURES (IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_ONE_QUEUE)
#define PI_SIZE  sizeof(struct abi_tun_pi)

#define ETHERNET_HEADER 14

static struct mutex tun_devices = MUTEX_INIT(tun_devices, RANK_NET_DEVICE);
static struct list_node tuns = LIST_INIT(tuns);  // (tun_devices)

// file->private: the tun, once TUNSETIFF has set it; it stays until the end.
static struct tun *tun_of(struct file *file)
{
    return __atomic_load_n(&file->private, __ATOMIC_ACQUIRE);
}

static bool has_pi(const struct tun *tun)
{
    return !(tun->flags & IFF_NO_PI);
}

// ---- attaching and letting go ----

static struct tun *find(const char *name)
{
    struct tun *tun;

    list_for_each(tun, &tuns, node) {
        if (strcmp(tun->interface.name, name) == 0)
            return tun;
    }
    return NULL;
}

static bool may_attach(const struct tun *tun)
{
    const struct process *process = current_process();
    bool anybody = tun->owner == TUN_NOBODY && tun->group == TUN_NOBODY;

    if (process->euid == 0)
        return true;
    return !anybody &&
           (tun->owner == TUN_NOBODY || tun->owner == process->euid) &&
           (tun->group == TUN_NOBODY || process_in_group(process, tun->group));
}

// An interface that is there already. 0 or -errno.
static int check_existing(struct tun *tun, unsigned flags)
{
    if (flags & IFF_TUN_EXCL)
        return -EBUSY;
    if ((tun->flags ^ flags) & (IFF_TUN | IFF_TAP))
        return -EINVAL;
    if (!may_attach(tun))
        return -EPERM;
    return READ_ONCE(tun->attached) ? -EBUSY : 0;
}

static void set_attached(struct tun *tun, bool attached)
{
    WITH_LOCK(&tun->lock) {
        tun->attached = attached;
    }
    tun->interface.serve(&tun->interface);  // the link is up, or down
}

static int create(const char *name, unsigned flags, struct tun **tun)
{
    const char *pattern = flags & IFF_TAP ? "tap%d" : "tun%d";

    if (current_process()->euid != 0)
        return -EPERM;
    int error = tun_create(*name ? name : pattern,
                           flags & (IFF_TUN | IFF_TAP | IFF_NO_PI), tun);
    if (error == -EEXIST)  // the name of an interface of another kind
        return -EINVAL;
    if (error == 0)
        list_push_back(&tuns, &(*tun)->node);
    return error;
}

// Attach a file to the interface of that name, old or new. tun_devices held.
static int attach(struct file *file, const char *name, unsigned flags)
{
    struct tun *tun = find(name);
    int error = tun ? check_existing(tun, flags) : create(name, flags, &tun);

    if (error < 0)
        return error;
    tun->flags = (tun->flags & ~IFF_NO_PI) | (flags & IFF_NO_PI);
    __atomic_fetch_add(&tun->refs, 1, __ATOMIC_RELAXED);  // the file's
    set_attached(tun, true);
    __atomic_store_n(&file->private, tun, __ATOMIC_RELEASE);
    return 0;
}

static long set_interface(struct file *file, uaddr argument)
{
    struct abi_ifreq request;
    int error = GET_USER(&request, argument);

    if (error < 0)
        return error;
    unsigned flags = (uint16_t)request.flags;
    unsigned kind = flags & (IFF_TUN | IFF_TAP);
    request.name[IFNAMSIZ - 1] = '\0';
    WITH_MUTEX(&tun_devices) {
        if (tun_of(file))
            error = -EEXIST;
        else if ((kind != IFF_TUN && kind != IFF_TAP) ||
                 flags & ~(FEATURES | IFF_TUN_EXCL))
            error = -EINVAL;
        else
            error = attach(file, request.name, flags);
    }
    if (error < 0)
        return error;
    strcpy(request.name, tun_of(file)->interface.name);
    return PUT_USER(argument, request);
}

static int tun_open(struct inode *inode, struct file *file)
{
    (void)inode;
    file->private = NULL;
    return 0;
}

static void tun_file_release(struct file *file)
{
    struct tun *tun = tun_of(file);
    struct tun_frame *frame;

    if (!tun)
        return;
    WITH_MUTEX(&tun_devices) {
        set_attached(tun, false);
        while ((frame = tun_read_frame(tun)))
            kfree(frame);
        if (!tun->persistent) {
            list_remove(&tun->node);
            tun_destroy(tun);
        }
    }
    tun_put(tun);
}

// ---- reading and writing ----

// What a frame is, for the header in front of it.
static uint16_t protocol_of(const struct tun *tun,
                            const struct tun_frame *frame)
{
    const uint8_t *data = frame->data;
    uint16_t type = 0;

    if (tun_is_tap(tun))
        memcpy(&type, data + ETHERNET_HEADER - 2, sizeof(type));
    else if (frame->buffer.length > 0)
        type = __builtin_bswap16(data[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
    return type;
}

static ssize_t deliver(struct tun *tun, const struct tun_frame *frame,
                       struct uio *uio)
{
    size_t length = frame->buffer.length, room = uio->resid;
    struct abi_tun_pi pi = {.protocol = protocol_of(tun, frame)};
    int error = 0;

    if (has_pi(tun)) {
        if (room < PI_SIZE)
            return -EINVAL;
        room -= PI_SIZE;
        if (room < length)
            pi.flags = TUN_PKT_STRIP;
        error = copy_to_uio(uio, &pi, PI_SIZE);
    }
    if (error == 0)
        error = copy_to_uio(uio, frame->data, MIN(room, length));
    return error < 0 ? error : (ssize_t)uio->done;
}

static bool readable(struct tun *tun)
{
    bool result;

    WITH_LOCK(&tun->lock) {
        result = !list_empty(&tun->sent);
    }
    return result;
}

static ssize_t tun_file_read(struct file *file, struct uio *uio,
                             uint64_t *position, unsigned flags)
{
    struct tun *tun = tun_of(file);
    struct tun_frame *frame;

    (void)position;
    if (!tun)
        return -EBADFD;
    while (!(frame = tun_read_frame(tun))) {
        if (flags & O_NONBLOCK)
            return -EAGAIN;
        int error = wait_event_interruptible(&tun->wait, readable(tun));
        if (error < 0)
            return error;
    }
    ssize_t n = deliver(tun, frame, uio);
    kfree(frame);
    return n;
}

// Is it something that the machine can take in?
static bool is_frame(const struct tun *tun, const struct tun_frame *frame)
{
    size_t length = frame->buffer.length;

    if (tun_is_tap(tun))
        return length >= ETHERNET_HEADER;
    return length > 0 && (frame->data[0] >> 4 == 4 || frame->data[0] >> 4 == 6);
}

static ssize_t tun_file_write(struct file *file, struct uio *uio,
                              uint64_t *position, unsigned flags)
{
    struct tun *tun = tun_of(file);
    struct abi_tun_pi pi;
    ssize_t total = uio->resid;
    int error = 0;

    (void)position, (void)flags;
    if (!tun)
        return -EBADFD;
    if (has_pi(tun))
        error =
            uio->resid < PI_SIZE ? -EINVAL : copy_from_uio(uio, &pi, PI_SIZE);
    if (error < 0)
        return error;
    if (uio->resid > TUN_FRAME_MAX)
        return -EMSGSIZE;
    size_t length = uio->resid;
    struct tun_frame *frame = tun_frame_create(length);
    if (!frame)
        return -ENOMEM;
    error = copy_from_uio(uio, frame->data, length);
    if (error == 0 && !is_frame(tun, frame))
        error = -EINVAL;
    if (error < 0)
        kfree(frame);
    else
        error = tun_write_frame(tun, frame);
    return error < 0 ? error : total;
}

static unsigned tun_file_poll(struct file *file, struct poll_table *table)
{
    struct tun *tun = tun_of(file);

    if (!tun)
        return POLLERR;
    poll_wait(table, &tun->wait);
    return (readable(tun) ? POLLIN | POLLRDNORM : 0) |
           (READ_ONCE(tun->interface.up) ? POLLOUT | POLLWRNORM : 0);
}

// ---- ioctl ----

static long get_interface(const struct tun *tun, uaddr argument)
{
    struct abi_ifreq request;
    int error = GET_USER(&request, argument);

    if (error < 0)
        return error;
    memcpy(request.name, tun->interface.name, sizeof(request.name));
    request.flags = tun->flags | (tun->persistent ? IFF_PERSIST : 0);
    return PUT_USER(argument, request);
}

static long get_address(struct tun *tun, uaddr argument)
{
    struct abi_ifreq request;
    int error = GET_USER(&request, argument);

    if (error < 0)
        return error;
    memset(request.bytes, 0, sizeof(request.bytes));
    request.hardware.type = tun->interface.hardware;
    tun->interface.ops->local_mac_address(&tun->interface,
                                          request.hardware.address);
    return PUT_USER(argument, request);
}

static long set_address(struct tun *tun, uaddr argument)
{
    struct net_interface *interface = &tun->interface;
    struct abi_ifreq request;
    int error = GET_USER(&request, argument);

    if (error == 0 && request.hardware.type != interface->hardware)
        error = -EINVAL;
    if (error == 0)
        error = interface->ops->set_mac_address(interface,
                                                request.hardware.address);
    if (error == 0)
        interface->serve(interface);
    return error;
}

static long set_carrier(struct tun *tun, uaddr argument)
{
    int32_t carrier;
    int error = GET_USER(&carrier, argument);

    if (error < 0)
        return error;
    WITH_LOCK(&tun->lock) {
        tun->carrier = carrier != 0;
    }
    tun->interface.serve(&tun->interface);
    return 0;
}

// The ioctls of a file that has an interface.
static long tun_command(struct tun *tun, unsigned command, uaddr argument)
{
    switch (command) {
    case TUNSETIFF:
        return -EEXIST;
    case TUNGETIFF:
        return get_interface(tun, argument);
    case TUNSETPERSIST:
        WITH_MUTEX(&tun_devices) {
            tun->persistent = argument != 0;
        }
        return 0;
    case TUNSETOWNER:
    case TUNSETGROUP:
        WITH_MUTEX(&tun_devices) {
            *(command == TUNSETOWNER ? &tun->owner : &tun->group) = argument;
        }
        return 0;
    case TUNSETOFFLOAD:  // none is offered
        return argument ? -EINVAL : 0;
    case SIOCGIFHWADDR:
        return get_address(tun, argument);
    case SIOCSIFHWADDR:
        return set_address(tun, argument);
    case TUNSETCARRIER:
        return set_carrier(tun, argument);
    default:
        return -EINVAL;
    }
}

static long tun_file_ioctl(struct file *file, unsigned command, uaddr argument)
{
    struct tun *tun = tun_of(file);

    if (command == TUNGETFEATURES)
        return PUT_USER(argument, (uint32_t)FEATURES);
    if (tun)
        return tun_command(tun, command, argument);
    return command == TUNSETIFF ? set_interface(file, argument) : -EBADFD;
}

static const struct file_ops tun_file_ops = {
    .name = "tun",
    .open = tun_open,
    .read = tun_file_read,
    .write = tun_file_write,
    .poll = tun_file_poll,
    .ioctl = tun_file_ioctl,
    .release = tun_file_release,
};
DEVICE(tun) = {"net/tun", S_IFCHR | 0666, MAKEDEV(10, 200), &tun_file_ops};
