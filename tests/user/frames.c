// SPDX-License-Identifier: MIT
//
// AF_PACKET for tests that hold the other end of the wire:
//
//     usertests --helper capture INTERFACE [promiscuous]
//
// prints "listening", then a line for each frame: its kind and its bytes; until
// it is interrupted. And
//
//     usertests --helper inject INTERFACE HEX
//
// sends one frame.
#include "harness.h"

#include "private_network.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netpacket/packet.h>

static int open_on(const char *interface)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = interface_index(interface)};
    int fd = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));

    CHECK_OK(bind(fd, (void *)&address, sizeof(address)));
    return fd;
}

static void print_frame(int kind, const unsigned char *frame, ssize_t length)
{
    static const char *const kinds[] = {"host", "broadcast", "multicast",
                                        "other", "outgoing"};

    printf("frame %s ", kinds[kind]);
    for (ssize_t i = 0; i < length; i++)
        printf("%02x", frame[i]);
    printf("\n");
    fflush(stdout);
}

int capture(int argc, char **argv)
{
    static unsigned char frame[65536];
    struct sockaddr_ll from;
    int fd = open_on(argv[1]);

    if (argc > 2) {
        struct packet_mreq all = {.mr_ifindex = interface_index(argv[1]),
                                  .mr_type = PACKET_MR_PROMISC};
        CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
                            sizeof(all)));
    }
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        socklen_t length = sizeof(from);
        ssize_t n = CHECK_OK(
            recvfrom(fd, frame, sizeof(frame), 0, (void *)&from, &length));
        print_frame(from.sll_pkttype, frame, n);
    }
}

int inject(int argc, char **argv)
{
    unsigned char frame[2048];
    size_t length = 0;

    CHECK_EQ(argc, 3);
    for (const char *hex = argv[2]; hex[0] && hex[1]; hex += 2) {
        unsigned byte;
        CHECK_EQ(sscanf(hex, "%2x", &byte), 1);
        frame[length++] = byte;
    }
    CHECK_EQ(send(open_on(argv[1]), frame, length, 0), (ssize_t)length);
    return 0;
}
