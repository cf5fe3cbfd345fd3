// SPDX-License-Identifier: MIT
//
// ip, in parts: main.c finds out what is asked for, show.c prints, change.c
// changes.
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>

extern int control;  // a socket, for the ioctls

// Asks about an interface. False if the answer is not to be had.
bool ask(const char *name, unsigned long request, struct ifreq *answer);
struct in_addr address_of(const struct ifreq *answer);
// All IPv4 addresses, in ifc_req, which the caller frees.
void list_addresses(struct ifconf *list);

void show_addresses(void);
void show_links(void);
void show_routes(void);
void show_neighbours(void);

// The words behind `ip SUBJECT`, up to a NULL. Errors end the program.
void change_address(char *words[]);
void change_link(char *words[]);
void change_route(char *words[]);
void change_neighbour(char *words[]);
_Noreturn void usage(void);
