// SPDX-License-Identifier: MIT
//
// /proc/net/interfaces: what the drivers count beyond Linux's /proc/net/dev,
// one line for each interface, name=value.

#include <drivers/net_interface.h>
#include <fs/proc.h>

static void show_interface(struct text *text, struct net_interface *interface)
{
    struct net_counters c;
    interface->ops->counters(interface, &c);
    text_printf(
        text, "%s: tx_stalls=%lu tx_rescues=%lu kicks=%lu interrupts=%lu\n",
        interface->name, c.tx_stalls, c.tx_rescues, c.kicks, c.interrupts);
}

static void show_interfaces(struct text *text)
{
    struct net_interface *interface;
    for (unsigned i = 0; (interface = get_net_device(i)); i++)
        show_interface(text, interface);
}

PROC_FILE(net_interfaces) = {"net/interfaces", show_interfaces, NULL};
