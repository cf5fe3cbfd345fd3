// SPDX-License-Identifier: MIT
//
// /proc/net/interfaces: what the drivers count beyond Linux's /proc/net/dev,
// one line for each interface, name=value.

#include <drivers/net_interface.h>
#include <fs/proc.h>

static void show_interface(struct net_interface *interface, void *text)
{
    struct net_counters c;
    interface->ops->counters(interface, &c);
    text_printf(
        text, "%s: tx_stalls=%lu tx_rescues=%lu kicks=%lu interrupts=%lu\n",
        interface->name, c.tx_stalls, c.tx_rescues, c.kicks, c.interrupts);
}

static void show_interfaces(struct text *text)
{
    net_device_for_each(show_interface, text);
}

PROC_FILE(net_interfaces) = {"net/interfaces", show_interfaces, NULL};
