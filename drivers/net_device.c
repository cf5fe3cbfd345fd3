// SPDX-License-Identifier: MIT
//
// The registry of network interfaces: drivers add them as they find devices,
// the network server looks them up by number when it starts.

#include <drivers/net_interface.h>

#include <stdio.h>

static struct spinlock lock = SPINLOCK_INIT(RANK_SPIN);
static struct list_node interfaces = LIST_INIT(interfaces);  // (lock)
static unsigned count;                                       // (lock)

int net_device_register(struct net_interface *interface)
{
    WITH_LOCK(&lock) {
        interface->index = count++;
        if (!interface->name[0])
            snprintf(interface->name, sizeof(interface->name), "eth%u",
                     interface->index);
        list_push_back(&interfaces, &interface->node);
    }
    return 0;
}

struct net_interface *get_net_device(unsigned index)
{
    struct net_interface *interface;
    WITH_LOCK(&lock) {
        list_for_each(interface, &interfaces, node)
            if (interface->index == index)
                return interface;
    }
    return NULL;
}
