// SPDX-License-Identifier: MIT
//
// The order of all locks: a lock may be taken only while every lock that is
// held stands above it in this list. Mutexes first, then spinlocks.
//
// User memory may be touched only under locks that stand above RANK_MM, since
// a page fault takes that one.

#pragma once

enum lock_rank {
    RANK_NONE,

    // Mutexes.
    RANK_PIPE_READER,  // a pipe's reader, who may be writing elsewhere
    RANK_FILE,         // a file's position
    RANK_SOCKET_NAME,  // a socket gets its name, maybe in the file system
    RANK_RENAME,       // vfs: one rename of a directory at a time
    RANK_DEVPTS,       // the file system of pseudo-terminals
    RANK_DIRECTORY,    // an inode that is a directory
    RANK_INODE,        // the data of an inode: size, truncate, write
    RANK_FILE_WATCH,   // who is to hear of the end of which file
    RANK_TTY,          // a tty's reader or writer
    RANK_PIPE,         // a pipe's contents
    RANK_SOCKET_SEND,  // a socket's sender
    RANK_SOCKET_RECV,  // a socket's receiver
    RANK_UNIX_RIGHTS,  // files in messages between AF_UNIX sockets
    RANK_NET_DEVICE,   // tun: one interface comes or goes at a time
    RANK_MM,           // an address space's VMAs
    RANK_PAGE_CACHE,   // an inode's pages
    RANK_FILE_SYSTEM,  // the metadata of a file system on a disk
    RANK_BLOCK_CACHE,  // a disk's pages
    RANK_NET_CORE,     // NET_SERVER's core mutex: lwIP
    RANK_RECLAIM,      // who can give memory back
    RANK_KSTACK,       // the area of kernel stacks
    RANK_LEAF_MUTEX,   // mutexes under which no other is taken

    // Spinlocks.
    RANK_MUTEX_INTERNAL,  // inside struct mutex
    RANK_PROCESS_TREE,    // parents, children, groups, sessions
    RANK_SIGNALS,         // a process's pending signals and handlers
    RANK_FILES,           // a descriptor table
    RANK_VFS,             // names: the dentry cache
    RANK_PAGE_TABLE,      // an address space's page table
    RANK_UNIX,            // AF_UNIX's names, and who is connected to whom
    RANK_SOCKET,          // a socket's queues and state
    RANK_TTY_BUFFER,      // a tty's input and output buffers
    RANK_FUTEX,           // a futex bucket
    RANK_DEVICE,          // a driver's rings and registers
    RANK_SPIN,            // no order among these: nothing is taken inside
                          // but the ones below
    RANK_WAIT_QUEUE,      // a wait queue's entries; those that they wake, too
    RANK_WAKE,            // what the function of a wait entry changes
    RANK_RUN_QUEUE,       // a hart's run queue
    RANK_TIMER,           // a hart's timers
    RANK_KMALLOC,         // a kmalloc cache
    RANK_PAGES,           // the page allocator
    RANK_RANDOM,          // the generator of random bytes
    RANK_LOG,             // the kernel log
    RANK_CONSOLE,         // the console's output
};
