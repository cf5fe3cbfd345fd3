// SPDX-License-Identifier: MIT
//
// Terminals: termios(3) and its ioctls, generic ABI.

#pragma once

#include <lib/types.h>

#define TCGETS     0x5401u
#define TCSETS     0x5402u
#define TCSETSW    0x5403u
#define TCSETSF    0x5404u
#define TCSBRK     0x5409u
#define TCXONC     0x540au
#define TCFLSH     0x540bu
#define TIOCSCTTY  0x540eu
#define TIOCGPGRP  0x540fu
#define TIOCSPGRP  0x5410u
#define TIOCOUTQ   0x5411u
#define TIOCGWINSZ 0x5413u
#define TIOCSWINSZ 0x5414u
#define TIOCINQ    0x541bu
#define TIOCNOTTY  0x5422u
#define TCSBRKP    0x5425u
#define TIOCGSID   0x5429u

// Of a pseudo-terminal's master.
#define TIOCGPTN    0x80045430u  // the slave's number
#define TIOCSPTLCK  0x40045431u  // lock it, or not
#define TIOCGPTLCK  0x80045439u
#define TIOCSIG     0x40045436u  // send a signal to the foreground
#define TIOCGPTPEER 0x5441u      // open the slave
#define TCGETS2     0x802c542au
#define TCSETS2     0x402c542bu
#define TCSETSW2    0x402c542cu
#define TCSETSF2    0x402c542du

#define TCIFLUSH  0  // of TCFLSH
#define TCOFLUSH  1
#define TCIOFLUSH 2
#define TCOOFF    0  // of TCXONC
#define TCOON     1
#define TCIOFF    2
#define TCION     3

#define NCCS 19

// TCGETS stops before ispeed, TCGETS2 has all of it.
struct abi_termios {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line;
    uint8_t cc[NCCS];
    uint32_t ispeed, ospeed;
};
#define TERMIOS_SIZE 36
_Static_assert(sizeof(struct abi_termios) == 44, "struct termios2");

struct abi_winsize {
    uint16_t rows, columns, xpixel, ypixel;
};

enum termios_cc {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
};

// iflag
#define IGNBRK  0000001u
#define BRKINT  0000002u
#define PARMRK  0000010u
#define ISTRIP  0000040u
#define INLCR   0000100u
#define IGNCR   0000200u
#define ICRNL   0000400u
#define IUCLC   0001000u
#define IXON    0002000u
#define IXANY   0004000u
#define IXOFF   0010000u
#define IMAXBEL 0020000u
#define IUTF8   0040000u
// oflag
#define OPOST  0000001u
#define OLCUC  0000002u
#define ONLCR  0000004u
#define OCRNL  0000010u
#define ONOCR  0000020u
#define ONLRET 0000040u
#define XTABS  0014000u
// cflag
#define B38400  0000017u
#define B115200 0010002u
#define CS8     0000060u
#define CREAD   0000200u
#define HUPCL   0002000u
#define CLOCAL  0004000u
// lflag
#define ISIG    0000001u
#define ICANON  0000002u
#define ECHO    0000010u
#define ECHOE   0000020u
#define ECHOK   0000040u
#define ECHONL  0000100u
#define NOFLSH  0000200u
#define TOSTOP  0000400u
#define ECHOCTL 0001000u
#define ECHOPRT 0002000u
#define ECHOKE  0004000u
#define IEXTEN  0100000u
