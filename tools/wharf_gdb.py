# SPDX-License-Identifier: MIT
"""GDB commands that know Wharf's structures; `make gdb` loads them.

    wharf ps        tasks, what they do and, if asleep, where
    wharf sockets   sockets, with their state and queues
    wharf pcbs      lwIP's TCP and UDP protocol control blocks
    wharf virtq     the virtqueues: what the device has and what it is done with
    wharf user ...  a GDB command that may read the memory of the running process,
                    as in: wharf user x/16xb address
"""

import re

import gdb


def container(node, type_name, member):
    """The structure around an embedded list node."""
    kind = gdb.lookup_type(type_name)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    address = int(node.address if node.type.code != gdb.TYPE_CODE_PTR else node)
    return gdb.Value(address - offset).cast(kind.pointer()).dereference()


def list_nodes(head):
    """The nodes of a circular list (lib/list.h), without its head."""
    node = head["next"]
    while node and node != head.address:
        yield node.dereference()
        node = node["next"]


def text(array):
    return array.string(errors="replace").split("\0")[0]


def enum_name(value, prefix):
    name = str(value)
    return name[len(prefix):].lower() if name.startswith(prefix) else name


def function_at(address):
    """`name+offset` of a code address."""
    symbol = gdb.execute(f"info symbol {int(address)}", to_string=True)
    return symbol.split(" in section")[0].replace(" + ", "+") \
        if " in section" in symbol else hex(int(address))


def sleeps_in(context):
    """Who called the scheduler: the first function above it on the stack. A
    frame pointer (s0) has the return address and the caller's below it."""
    word = gdb.lookup_type("unsigned long").pointer()
    place, frame = int(context["ra"]), int(context["s"][0])
    while frame and re.match(r"schedule|context_switch|wait_", function_at(place)):
        saved = gdb.Value(frame - 16).cast(word)
        frame, place = int(saved[0]), int(saved[1])
    return function_at(place)


def table(titles, rows):
    rows = [titles] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(titles))]
    for row in rows:
        print("  ".join(cell.ljust(width)
                        for cell, width in zip(row, widths)).rstrip())


class Wharf(gdb.Command):
    """What the kernel holds: wharf ps, sockets, pcbs, virtq or user."""

    def __init__(self):
        super().__init__("wharf", gdb.COMMAND_DATA, prefix=True)


def all_tasks():
    hashed = gdb.parse_and_eval("'kernel/proc/task.c'::tid_hash")
    first, last = hashed.type.range()
    tasks = [container(node, "struct task", "tid_node")
             for i in range(first, last + 1) for node in list_nodes(hashed[i])]
    return sorted(tasks, key=lambda task: int(task["tid"]))


class Ps(gdb.Command):
    """Tasks: id, process, hart, state, name, and where a sleeping one sleeps."""

    def __init__(self):
        super().__init__("wharf ps", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        table(["TID", "PID", "HART", "STATE", "NAME", "AT"],
              [self.row(task) for task in all_tasks()])

    @staticmethod
    def row(task):
        process = task["process"]
        return [task["tid"], process["pid"] if process else "-",
                task["hart"]["id"] if task["hart"] else "-",
                enum_name(task["state"], "TASK_"), text(task["name"]),
                "(on the hart)" if task["on_hart"] else sleeps_in(task["context"])]


class Sockets(gdb.Command):
    """Sockets that processes hold: who, what, and what waits in them."""

    def __init__(self):
        super().__init__("wharf sockets", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        seen = set()
        rows = []
        for task in all_tasks():
            files = task["files"]
            if not files or int(files) in seen:
                continue
            seen.add(int(files))
            rows += self.rows_of(task, files)
        table(["PID", "FD", "SOCKET", "KIND", "STATE", "QUEUED", "ERROR", "SHUT"],
              rows)

    def rows_of(self, task, files):
        for fd in range(int(files["capacity"])):
            file = files["slots"][fd]
            # A file is a socket if its operations are those of sockets.
            if file and "socket" in str(file["ops"]):
                socket = file["private"].cast(
                    gdb.lookup_type("struct socket").pointer())
                yield self.row(task, fd, socket)

    @staticmethod
    def row(task, fd, socket):
        ends = [name for name in ("read", "write", "peer") if socket[name + "_shut"]]
        return [task["process"]["pid"], fd, hex(int(socket)),
                socket["ops"]["name"].string(),
                enum_name(socket["state"], "SOCKET_"), socket["receive_bytes"],
                socket["error"], ",".join(ends) or "-"]


def ip4(address):
    """An lwIP address, with or without IPv6 in the build."""
    fields = [field.name for field in address.type.strip_typedefs().fields()]
    if "u_addr" in fields:
        address = address["u_addr"]["ip4"]
    value = int(address["addr"])
    return ".".join(str(value >> shift & 0xff) for shift in (0, 8, 16, 24))


class Pcbs(gdb.Command):
    """lwIP's protocol control blocks, from its own lists."""

    # The table's lists (net/tcp/pcb_table.c); those of the selected bucket are lwIP's.
    TABLE = "'net/tcp/pcb_table.c'::"

    def __init__(self):
        super().__init__("wharf pcbs", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        kind = gdb.lookup_type("struct tcp_pcb").pointer()
        rows = []
        for head, listening in self.heads():
            for pcb in self.linked(head.cast(kind)):
                rows.append(self.tcp_row(pcb, listening))
        for pcb in self.linked(gdb.parse_and_eval("udp_pcbs")):
            rows.append(["udp", hex(int(pcb)), "", pcb["local_port"],
                         f"{ip4(pcb['remote_ip'])}:{pcb['remote_port']}", "", ""])
        table(["", "PCB", "STATE", "PORT", "PEER", "CWND", "UNSENT"], rows)

    def heads(self):
        """(first PCB of a list, whether it is that of listeners)."""
        yield gdb.parse_and_eval("tcp_listen_pcbs.pcbs"), True
        table = gdb.parse_and_eval(self.TABLE + "table")
        selected = gdb.parse_and_eval(self.TABLE + "selected")
        for i in range(int(gdb.parse_and_eval(self.TABLE + "buckets"))):
            chosen = selected == table + i
            for field, list_name in (("active", "tcp_active_pcbs"),
                                     ("time_wait", "tcp_tw_pcbs")):
                head = gdb.parse_and_eval(list_name) if chosen else table[i][field]
                if head:
                    yield head, False

    @staticmethod
    def linked(pcb):
        while pcb:
            yield pcb
            pcb = pcb["next"]

    @staticmethod
    def tcp_row(pcb, listening):
        common = ["tcp", hex(int(pcb)), enum_name(pcb["state"], ""),
                  pcb["local_port"]]
        if listening:  # A shorter structure: the rest is not there.
            return common + ["", "", ""]
        return common + [f"{ip4(pcb['remote_ip'])}:{pcb['remote_port']}",
                         pcb["cwnd"], int(pcb["snd_lbb"]) - int(pcb["snd_nxt"])]


class Virtq(gdb.Command):
    """The virtqueues of the network devices. Indices run on; modulo the size
    they are places in the rings."""

    def __init__(self):
        super().__init__("wharf virtq", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        rows = []
        registry = gdb.parse_and_eval("'drivers/net_device.c'::interfaces")
        for node in list_nodes(registry):
            interface = container(node, "struct net_interface", "node")
            if not interface["driver"]:  # lo
                continue
            driver = interface["driver"].cast(
                gdb.lookup_type("struct virtio_net").pointer())
            for ring in ("rx", "tx"):
                rows.append([text(interface["name"]), ring,
                             *self.cells(driver[ring]["queue"])])
        table(["DEVICE", "QUEUE", "SIZE", "FREE", "IN FLIGHT", "AVAIL", "USED",
               "USED SEEN", "NOTE"], rows)

    @staticmethod
    def cells(queue):
        broken = queue["broken"]
        return [queue["size"], queue["free_count"], queue["in_flight"],
                queue["avail"]["index"], queue["used"]["index"],
                queue["used_index"], broken.string() if broken else ""]


class User(gdb.Command):
    """Run a GDB command with user memory in reach. From version 9 on QEMU lets
    the debugger see no more than the hart may: in the kernel, user pages only
    while sstatus.SUM is set."""

    SUM = 1 << 18

    def __init__(self):
        super().__init__("wharf user", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        status = int(gdb.parse_and_eval("$sstatus"))
        gdb.execute(f"set $sstatus = {status | self.SUM}")
        try:
            gdb.execute(argument, from_tty)
        finally:
            gdb.execute(f"set $sstatus = {status}")


for command in (Wharf, Ps, Sockets, Pcbs, Virtq, User):
    command()
