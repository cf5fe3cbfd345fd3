// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE, rtnetlink(7): what links, addresses, routes and neighbours
// look like, and what changing them does, mostly on an interface of the test's
// own.
#include "harness.h"

#include "private_network.h"
#include "rtnetlink.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

static struct request request;
static int index_wanted;  // of the link that a walk looks for

// ---- requests ----

static void link_request(int type, int index, unsigned flags, unsigned change)
{
    struct link_body body = {.index = index, .flags = flags, .change = change};
    request_begin(&request, type, 0, &body, sizeof(body));
}

static void address_request(int type, int flags, int index, const char *ip,
                            int prefix)
{
    struct address_body body = {
        .family = AF_INET, .prefix = prefix, .index = index};
    request_begin(&request, type, flags, &body, sizeof(body));
    request_add_ip(&request, ADDRESS_LOCAL, ip);
}

static int add_address(int fd, int index, const char *ip, int prefix)
{
    address_request(NEW_ADDRESS, FLAG_CREATE | FLAG_EXCLUSIVE, index, ip,
                    prefix);
    return request_run(fd, &request);
}

static int delete_address(int fd, int index, const char *ip, int prefix)
{
    address_request(DELETE_ADDRESS, 0, index, ip, prefix);
    return request_run(fd, &request);
}

struct way {
    const char *to;
    int prefix;
    const char *gateway;
    int index, metric, type;
};

static int route_request(int fd, int type, int flags, struct way way)
{
    struct route_body body = {.family = AF_INET,
                              .to_prefix = way.prefix,
                              .table = 254,
                              .protocol = 4,
                              .scope = way.gateway ? 0 : 253,
                              .type = way.type ? way.type : TYPE_UNICAST};
    if (type == DELETE_ROUTE)
        body.scope = 255, body.protocol = 0, body.type = way.type;
    request_begin(&request, type, flags, &body, sizeof(body));
    if (way.prefix)
        request_add_ip(&request, ROUTE_TO, way.to);
    if (way.gateway)
        request_add_ip(&request, ROUTE_GATEWAY, way.gateway);
    if (way.index)
        request_add_u32(&request, ROUTE_LINK, way.index);
    if (way.metric)
        request_add_u32(&request, ROUTE_METRIC, way.metric);
    return request_run(fd, &request);
}

static int add_route(int fd, struct way way)
{
    return route_request(fd, NEW_ROUTE, FLAG_CREATE | FLAG_EXCLUSIVE, way);
}

static int delete_route(int fd, struct way way)
{
    return route_request(fd, DELETE_ROUTE, 0, way);
}

// The way to a destination: 0 and the answer in *message, or an errno.
static int get_route(int fd, const char *to,
                     const struct netlink_header **message)
{
    struct route_body body = {.family = AF_INET, .to_prefix = 32};
    request_begin(&request, GET_ROUTE, 0, &body, sizeof(body));
    request_add_ip(&request, ROUTE_TO, to);
    request_send(fd, &request);
    receive_messages(fd);
    *message = next_message(NULL);
    return (*message)->type == MESSAGE_ERROR
               ? -*(const int *)message_body(*message)
               : 0;
}

static bool route_uses(const struct netlink_header *message, int type,
                       const char *ip)
{
    return message_has_ip(message, sizeof(struct route_body), type, ip);
}

static int bind_to(const char *ip)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = inet_addr(ip)};
    int fd = udp_socket();
    int error = bind(fd, (void *)&name, sizeof(name)) == 0 ? 0 : errno;
    close(fd);
    return error;
}

// Which of our addresses speaks to a destination; NULL and errno: none.
static const char *source_to(const char *ip)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_port = htons(9),
                               .sin_addr.s_addr = inet_addr(ip)};
    socklen_t length = sizeof(name);
    int fd = udp_socket();
    bool connected = connect(fd, (void *)&name, sizeof(name)) == 0;
    int error = errno;
    if (connected)
        CHECK_OK(getsockname(fd, (void *)&name, &length));
    close(fd);
    errno = error;
    return connected ? inet_ntoa(name.sin_addr) : NULL;
}

// The rest of the machine may have a way of its own to where these ask.
static bool goes_by(int fd, const char *to, const char *gateway)
{
    const struct netlink_header *message;
    return get_route(fd, to, &message) == 0 &&
           route_uses(message, ROUTE_GATEWAY, gateway);
}

static bool goes_from(const char *to, const char *source)
{
    const char *found = source_to(to);
    return found && strcmp(found, source) == 0;
}

// ---- links ----

static bool seen;

static void find_link(const struct netlink_header *message)
{
    const struct link_body *body = message_body(message);
    size_t length;
    CHECK_EQ(message->type, NEW_LINK);
    if (body->index != index_wanted)
        return;
    seen = true;
    CHECK_STRING(message_attribute(message, sizeof(*body), LINK_NAME, NULL),
                 "lo");
    CHECK_EQ(body->type, 772);
    CHECK_EQ(body->flags & (IFF_UP | IFF_LOOPBACK | IFF_BROADCAST),
             IFF_UP | IFF_LOOPBACK);
    CHECK_BETWEEN(message_u32(message, sizeof(*body), LINK_MTU), 65535, 65536);
    CHECK(message_attribute(message, sizeof(*body), LINK_ADDRESS, &length));
    CHECK_EQ(length, 6);
    CHECK(message_attribute(message, sizeof(*body), LINK_STATS64, &length));
    CHECK(length >= 24 * 8);
}

TEST(list_of_links)
{
    struct link_body body = {0};
    private_network();
    int fd = netlink_open();
    index_wanted = interface_index("lo");
    CHECK_EQ(index_wanted, 1);
    request_begin(&request, GET_LINK, 0, &body, sizeof(body));
    request_list(fd, &request, find_link);
    CHECK(seen);
}

TEST(one_link)
{
    struct link_body body = {0};
    int fd = netlink_open();
    request_begin(&request, GET_LINK, 0, &body, sizeof(body));
    CHECK_EQ(request_run(fd, &request), EINVAL);  // which one?
    request_add(&request, LINK_NAME, "lo", 3);
    request_send(fd, &request);
    receive_messages(fd);
    CHECK_EQ(next_message(NULL)->type, NEW_LINK);
    CHECK_EQ(
        ((const struct link_body *)message_body(next_message(NULL)))->index,
        interface_index("lo"));
    link_request(GET_LINK, 9999, 0, 0);
    CHECK_EQ(request_run(fd, &request), ENODEV);
    request_begin(&request, GET_LINK, 0, &body, sizeof(body));
    request_add(&request, LINK_NAME, "nobody", 7);
    CHECK_EQ(request_run(fd, &request), ENODEV);
    request_begin(&request, GET_LINK, 0, &body, 4);
    CHECK_EQ(request_run(fd, &request), EINVAL);
}

TEST(traffic_is_counted)
{
    struct link_body body = {.index = interface_index("lo")};
    int fd = netlink_open(), pair[2];
    uint64_t packets[2];
    for (int i = 0; i < 2; i++) {
        request_begin(&request, GET_LINK, 0, &body, sizeof(body));
        request_send(fd, &request);
        receive_messages(fd);
        const uint64_t *stats = message_attribute(
            next_message(NULL), sizeof(body), LINK_STATS64, NULL);
        packets[i] = stats[1];  // sent
        udp_pair(pair);
        CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    }
    CHECK(packets[1] > packets[0]);
}

TEST(if_nameindex_and_names)
{
    char name[IF_NAMESIZE];
    bool found = false;
    struct if_nameindex *list = if_nameindex();
    CHECK(list != NULL);
    for (struct if_nameindex *i = list; i->if_index; i++)
        found |= strcmp(i->if_name, "lo") == 0 && i->if_index == 1;
    CHECK(found);
    if_freenameindex(list);
    CHECK_EQ(if_nametoindex("lo"), 1);
    CHECK(if_indextoname(1, name) != NULL);
    CHECK_STRING(name, "lo");
    CHECK_EQ(if_nametoindex("nobody"), 0);
}

TEST(mtu)
{
    int index = ethernet(), fd = netlink_open();
    link_request(NEW_LINK, index, 0, 0);
    request_add_u32(&request, LINK_MTU, 1400);
    CHECK_EQ(request_run(fd, &request), 0);
    link_request(GET_LINK, index, 0, 0);
    request_send(fd, &request);
    receive_messages(fd);
    CHECK_EQ(
        message_u32(next_message(NULL), sizeof(struct link_body), LINK_MTU),
        1400);
    link_request(SET_LINK, index, 0, 0);
    request_add_u32(&request, LINK_MTU, 20);
    CHECK_EQ(request_run(fd, &request), EINVAL);
    link_request(SET_LINK, index, 0, 0);
    request_add_u32(&request, LINK_MTU, 1500);
    CHECK_EQ(request_run(fd, &request), 0);
    link_request(SET_LINK, 9999, 0, 0);
    CHECK_EQ(request_run(fd, &request), ENODEV);
}

// Down: addresses stay, their networks and the routes that lead there do not.
TEST(down_and_up)
{
    int index = ethernet(), fd = netlink_open(), listener = netlink_open();
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.0.0",
                                        .prefix = 16,
                                        .gateway = "10.77.0.2"}),
             0);
    CHECK_OK(netlink_set(listener, OPTION_ADD, GROUP_LINK));
    link_request(NEW_LINK, index, 0, IFF_UP);
    CHECK_EQ(request_run(fd, &request), 0);
    bool down = false;
    while (!down) {  // of a pair, the other end is told as well
        receive_messages(listener);
        const struct link_body *body = message_body(next_message(NULL));
        CHECK_EQ(next_message(NULL)->type, NEW_LINK);
        down = body->index == index && !(body->flags & IFF_UP);
    }
    CHECK(!goes_by(fd, "10.78.1.1", "10.77.0.2"));
    CHECK(!goes_from("10.77.0.9", "10.77.0.1"));
    CHECK_EQ(bind_to("10.77.0.1"), 0);
    CHECK_EQ(
        add_route(
            fd, (struct way){.to = "10.79.0.0", .prefix = 16, .index = index}),
        ENETDOWN);
    link_request(NEW_LINK, index, IFF_UP, IFF_UP);
    CHECK_EQ(request_run(fd, &request), 0);
    CHECK(goes_from("10.77.0.9", "10.77.0.1"));
    CHECK(!goes_by(fd, "10.78.1.1", "10.77.0.2"));
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}

// ---- addresses ----

static const char *ip_wanted;
static struct address_body found;
static int times_found;

static void find_address(const struct netlink_header *message)
{
    CHECK_EQ(message->type, NEW_ADDRESS);
    if (!message_has_ip(message, sizeof(found), ADDRESS_LOCAL, ip_wanted))
        return;
    found = *(const struct address_body *)message_body(message);
    times_found++;
}

// How often an address is listed; the last one is in `found`.
static int count_address(int fd, const char *ip)
{
    struct address_body body = {.family = AF_INET};
    ip_wanted = ip;
    times_found = 0;
    request_begin(&request, GET_ADDRESS, 0, &body, sizeof(body));
    request_list(fd, &request, find_address);
    return times_found;
}

TEST(loopback_address)
{
    private_network();
    int fd = netlink_open();
    CHECK_EQ(count_address(fd, "127.0.0.1"), 1);
    CHECK_EQ(found.prefix, 8);
    CHECK_EQ(found.scope, 254);
    CHECK_EQ(found.index, 1);
    CHECK_EQ(found.flags, ADDRESS_PERMANENT);
}

TEST(getifaddrs)
{
    struct ifaddrs *list, *i;
    bool has_address = false;
    private_network();
    CHECK_OK(getifaddrs(&list));
    for (i = list; i; i = i->ifa_next) {
        const struct sockaddr_in *name = (void *)i->ifa_addr;
        if (name && name->sin_family == AF_INET &&
            name->sin_addr.s_addr == htonl(INADDR_LOOPBACK)) {
            CHECK_STRING(i->ifa_name, "lo");
            CHECK_EQ(((struct sockaddr_in *)i->ifa_netmask)->sin_addr.s_addr,
                     htonl(0xff000000));
            CHECK(i->ifa_flags & IFF_LOOPBACK);
            has_address = true;
        }
    }
    CHECK(has_address);
    freeifaddrs(list);
}

TEST(another_address)
{
    private_network();
    int fd = netlink_open();
    CHECK_EQ(bind_to("10.77.0.1"), EADDRNOTAVAIL);
    CHECK_EQ(add_address(fd, 1, "10.77.0.1", 24), 0);
    CHECK_EQ(bind_to("10.77.0.1"), 0);
    CHECK_STRING(source_to("10.77.0.1"), "10.77.0.1");
    CHECK_EQ(count_address(fd, "10.77.0.1"), 1);
    CHECK_EQ(found.prefix, 24);
    CHECK_EQ(found.flags, ADDRESS_PERMANENT);
    CHECK_EQ(add_address(fd, 1, "10.77.0.1", 24), EEXIST);
    CHECK_EQ(delete_address(fd, 1, "10.77.0.1", 24), 0);
    CHECK_EQ(bind_to("10.77.0.1"), EADDRNOTAVAIL);
    CHECK_EQ(delete_address(fd, 1, "10.77.0.1", 24), EADDRNOTAVAIL);
}

TEST(address_errors)
{
    private_network();
    int fd = netlink_open();
    CHECK_EQ(add_address(fd, 9999, "10.77.0.1", 24), ENODEV);
    CHECK_EQ(add_address(fd, 1, "10.77.0.1", 33), EINVAL);
    struct address_body body = {.family = AF_INET, .prefix = 24, .index = 1};
    request_begin(&request, NEW_ADDRESS, FLAG_CREATE, &body, sizeof(body));
    CHECK_EQ(request_run(fd, &request), EINVAL);  // which one?
    request_begin(&request, NEW_ADDRESS, FLAG_CREATE, &body, 4);
    CHECK_EQ(request_run(fd, &request), EINVAL);
    request_begin(&request, NEW_ADDRESS, FLAG_CREATE, &body, sizeof(body));
    request_add(&request, ADDRESS_LOCAL, "abc", 3);
    CHECK_EQ(request_run(fd, &request), on_wharf() ? EINVAL : ERANGE);
    body.family = 99;
    request_begin(&request, NEW_ADDRESS, FLAG_CREATE, &body, sizeof(body));
    request_add_ip(&request, ADDRESS_LOCAL, "10.77.0.1");
    CHECK_EQ(request_run(fd, &request), EOPNOTSUPP);
    CHECK_EQ(count_address(fd, "10.77.0.1"), 0);
}

// A network's further addresses depend on its first.
TEST(secondary_addresses)
{
    private_network();
    int fd = netlink_open();
    CHECK_EQ(add_address(fd, 1, "10.77.0.1", 24), 0);
    CHECK_EQ(add_address(fd, 1, "10.77.0.2", 24), 0);
    CHECK_EQ(add_address(fd, 1, "10.77.0.3", 25), 0);
    CHECK_EQ(count_address(fd, "10.77.0.2"), 1);
    CHECK_EQ(found.flags & ADDRESS_SECONDARY, ADDRESS_SECONDARY);
    CHECK_EQ(count_address(fd, "10.77.0.3"), 1);
    CHECK_EQ(found.flags & ADDRESS_SECONDARY, 0);  // another network
    CHECK_EQ(delete_address(fd, 1, "10.77.0.1", 24), 0);
    CHECK_EQ(count_address(fd, "10.77.0.2"), 0);
    CHECK_EQ(bind_to("10.77.0.3"), 0);
    CHECK_EQ(delete_address(fd, 1, "10.77.0.3", 25), 0);
    CHECK_EQ(bind_to("10.77.0.2"), EADDRNOTAVAIL);
}

static void label_is(const struct netlink_header *message)
{
    if (message_has_ip(message, sizeof(found), ADDRESS_LOCAL, "10.77.0.1")) {
        CHECK_STRING(
            message_attribute(message, sizeof(found), ADDRESS_LABEL, NULL),
            "lo:7");
        CHECK(message_has_ip(message, sizeof(found), ADDRESS_BROADCAST,
                             "10.77.0.255"));
        times_found++;
    }
}

TEST(label_and_broadcast)
{
    struct address_body body = {.family = AF_INET};
    private_network();
    int fd = netlink_open();
    address_request(NEW_ADDRESS, FLAG_CREATE, 1, "10.77.0.1", 24);
    request_add_ip(&request, ADDRESS_BROADCAST, "10.77.0.255");
    request_add(&request, ADDRESS_LABEL, "lo:7", 5);
    CHECK_EQ(request_run(fd, &request), 0);
    request_begin(&request, GET_ADDRESS, 0, &body, sizeof(body));
    request_list(fd, &request, label_is);
    CHECK_EQ(times_found, 1);
    CHECK_EQ(delete_address(fd, 1, "10.77.0.1", 24), 0);
}

TEST_SECONDS(lifetime_ends, 30)
{
    uint32_t lifetime[4] = {1, 1, 0, 0};
    private_network();
    int fd = netlink_open(), listener = netlink_open();
    CHECK_OK(netlink_set(listener, OPTION_ADD, GROUP_ADDRESS));
    address_request(NEW_ADDRESS, FLAG_CREATE, 1, "10.77.0.1", 24);
    request_add(&request, ADDRESS_LIFETIME, lifetime, sizeof(lifetime));
    CHECK_EQ(request_run(fd, &request), 0);
    CHECK_EQ(count_address(fd, "10.77.0.1"), 1);
    CHECK_EQ(found.flags & ADDRESS_PERMANENT, 0);
    do {
        receive_messages(listener);
    } while (next_message(NULL)->type != DELETE_ADDRESS);
    CHECK_EQ(bind_to("10.77.0.1"), EADDRNOTAVAIL);
    lifetime[1] = 0;  // valid for no time
    address_request(NEW_ADDRESS, FLAG_CREATE, 1, "10.77.0.1", 24);
    request_add(&request, ADDRESS_LIFETIME, lifetime, sizeof(lifetime));
    CHECK_EQ(request_run(fd, &request), EINVAL);
}

static void is_filtered(const struct netlink_header *message)
{
    const struct address_body *body = message_body(message);
    CHECK_EQ(body->index, index_wanted);
    CHECK(message->flags & FLAG_FILTERED);
    times_found++;
}

TEST(strict_lists_are_filtered)
{
    int index = ethernet(), fd = netlink_open();
    struct address_body body = {.family = AF_INET, .index = index};
    CHECK_OK(netlink_set(fd, OPTION_STRICT, 1));
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    index_wanted = index;
    request_begin(&request, GET_ADDRESS, 0, &body, sizeof(body));
    request_list(fd, &request, is_filtered);
    CHECK(times_found > 0);
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}

// ---- routes ----

TEST(connected_network)
{
    const struct netlink_header *message;
    int index = ethernet(), fd = netlink_open();
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    CHECK_EQ(get_route(fd, "10.77.0.9", &message), 0);
    const struct route_body *body = message_body(message);
    CHECK_EQ(message->type, NEW_ROUTE);
    CHECK_EQ(body->type, TYPE_UNICAST);
    CHECK_EQ(body->to_prefix, 32);
    CHECK_EQ(body->flags & ROUTE_CLONED, ROUTE_CLONED);
    CHECK_EQ(message_u32(message, sizeof(*body), ROUTE_LINK), index);
    CHECK(route_uses(message, ROUTE_SOURCE, "10.77.0.1"));
    CHECK(!message_attribute(message, sizeof(*body), ROUTE_GATEWAY, NULL));
    CHECK_STRING(source_to("10.77.0.9"), "10.77.0.1");
    CHECK_EQ(get_route(fd, "10.77.0.1", &message), 0);
    body = message_body(message);
    CHECK_EQ(body->type, TYPE_LOCAL);
    CHECK_EQ(body->flags & ROUTE_IS_LOCAL, ROUTE_IS_LOCAL);
    CHECK_EQ(message_u32(message, sizeof(*body), ROUTE_LINK), 1);
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}

TEST(by_gateway)
{
    const struct netlink_header *message;
    int index = ethernet(), fd = netlink_open();
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.0.0",
                                        .prefix = 16,
                                        .gateway = "10.77.0.2"}),
             0);
    CHECK_EQ(get_route(fd, "10.78.1.1", &message), 0);
    CHECK(route_uses(message, ROUTE_GATEWAY, "10.77.0.2"));
    CHECK(route_uses(message, ROUTE_SOURCE, "10.77.0.1"));
    CHECK_STRING(source_to("10.78.1.1"), "10.77.0.1");
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.0.0",
                                        .prefix = 16,
                                        .gateway = "10.77.0.3"}),
             EEXIST);
    CHECK_EQ(delete_route(fd, (struct way){.to = "10.78.0.0",
                                           .prefix = 16,
                                           .gateway = "10.77.0.9"}),
             ESRCH);
    CHECK_EQ(delete_route(fd, (struct way){.to = "10.78.0.0", .prefix = 16}),
             0);
    CHECK_EQ(delete_route(fd, (struct way){.to = "10.78.0.0", .prefix = 16}),
             ESRCH);
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}

TEST(the_longest_prefix_then_the_smallest_metric)
{
    const struct netlink_header *message;
    int index = ethernet(), fd = netlink_open();
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.0.0",
                                        .prefix = 16,
                                        .gateway = "10.77.0.2"}),
             0);
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.1.0",
                                        .prefix = 24,
                                        .gateway = "10.77.0.3",
                                        .metric = 20}),
             0);
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.1.0",
                                        .prefix = 24,
                                        .gateway = "10.77.0.4",
                                        .metric = 10}),
             0);
    CHECK_EQ(get_route(fd, "10.78.1.1", &message), 0);
    CHECK(route_uses(message, ROUTE_GATEWAY, "10.77.0.4"));
    CHECK_EQ(get_route(fd, "10.78.2.1", &message), 0);
    CHECK(route_uses(message, ROUTE_GATEWAY, "10.77.0.2"));
    CHECK_EQ(
        delete_route(
            fd, (struct way){.to = "10.78.1.0", .prefix = 24, .metric = 10}),
        0);
    CHECK_EQ(get_route(fd, "10.78.1.1", &message), 0);
    CHECK(route_uses(message, ROUTE_GATEWAY, "10.77.0.3"));
    // The address's end is the end of the routes by its network's gateway only
    // if it is the link's last.
    CHECK_EQ(delete_route(fd, (struct way){.to = "10.78.1.0", .prefix = 24}),
             0);
    CHECK_EQ(delete_route(fd, (struct way){.to = "10.78.0.0", .prefix = 16}),
             0);
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}

TEST(replace_append_change)
{
    const struct netlink_header *message;
    int index = ethernet(), fd = netlink_open();
    struct way one = {.to = "10.78.0.0", .prefix = 16, .gateway = "10.77.0.2"};
    struct way two = {.to = "10.78.0.0", .prefix = 16, .gateway = "10.77.0.3"};
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    CHECK_EQ(route_request(fd, NEW_ROUTE, FLAG_REPLACE, one), ENOENT);
    CHECK_EQ(route_request(fd, NEW_ROUTE, 0, one), ENOENT);
    CHECK_EQ(route_request(fd, NEW_ROUTE, FLAG_CREATE | FLAG_REPLACE, one), 0);
    CHECK_EQ(route_request(fd, NEW_ROUTE, FLAG_CREATE | FLAG_APPEND, two), 0);
    CHECK_EQ(route_request(fd, NEW_ROUTE, FLAG_CREATE | FLAG_APPEND, two),
             EEXIST);
    CHECK_EQ(get_route(fd, "10.78.1.1", &message), 0);
    CHECK(route_uses(message, ROUTE_GATEWAY, "10.77.0.2"));
    CHECK_EQ(delete_route(fd, one), 0);
    CHECK_EQ(get_route(fd, "10.78.1.1", &message), 0);
    CHECK(route_uses(message, ROUTE_GATEWAY, "10.77.0.3"));
    CHECK_EQ(route_request(fd, NEW_ROUTE, FLAG_REPLACE, one), 0);
    CHECK_EQ(get_route(fd, "10.78.1.1", &message), 0);
    CHECK(route_uses(message, ROUTE_GATEWAY, "10.77.0.2"));
    CHECK_EQ(delete_route(fd, one), 0);
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}

TEST(route_errors)
{
    int index = ethernet(), fd = netlink_open();
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    CHECK_EQ(
        add_route(
            fd, (struct way){.to = "10.78.0.1", .prefix = 16, .index = index}),
        EINVAL);
    CHECK_EQ(
        add_route(
            fd, (struct way){.to = "10.78.0.0", .prefix = 33, .index = index}),
        EINVAL);
    CHECK_EQ(
        add_route(fd,
                  (struct way){.to = "10.78.0.0", .prefix = 16, .index = 9999}),
        ENODEV);
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.0.0", .prefix = 16}),
             ENODEV);
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.0.0",
                                        .prefix = 16,
                                        .gateway = "203.0.113.1",
                                        .index = index}),
             ENETUNREACH);
    CHECK_EQ(add_route(fd, (struct way){.to = "10.78.0.0",
                                        .prefix = 16,
                                        .index = index,
                                        .type = 200}),
             EINVAL);
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}

TEST(routes_that_refuse)
{
    static const struct {
        int type, error;
    } kinds[] = {{TYPE_BLACKHOLE, EINVAL},
                 {TYPE_UNREACHABLE, EHOSTUNREACH},
                 {TYPE_PROHIBIT, EACCES}};
    const struct netlink_header *message;
    private_network();
    int fd = netlink_open();
    for (int i = 0; i < 3; i++) {
        struct way way = {.to = "10.78.0.0", .prefix = 16};
        way.type = kinds[i].type;
        CHECK_EQ(add_route(fd, way), 0);
        CHECK_EQ(get_route(fd, "10.78.1.1", &message), kinds[i].error);
        CHECK(source_to("10.78.1.1") == NULL);
        CHECK_EQ(errno, kinds[i].error);
        CHECK_EQ(delete_route(fd, way), 0);
    }
}

static int routes_seen;

static void find_route(const struct netlink_header *message)
{
    const struct route_body *body = message_body(message);
    CHECK_EQ(message->type, NEW_ROUTE);
    if (!message_has_ip(message, sizeof(*body), ROUTE_TO, "10.78.0.0"))
        return;
    CHECK_EQ(body->to_prefix, 16);
    CHECK_EQ(body->table, 254);
    CHECK_EQ(message_u32(message, sizeof(*body), ROUTE_TABLE), 254);
    CHECK_EQ(body->protocol, 4);
    CHECK_EQ(message_u32(message, sizeof(*body), ROUTE_METRIC), 7);
    CHECK(route_uses(message, ROUTE_GATEWAY, "10.77.0.2"));
    routes_seen++;
}

TEST(list_and_notification_of_routes)
{
    struct route_body body = {.family = AF_INET};
    struct way way = {
        .to = "10.78.0.0", .prefix = 16, .gateway = "10.77.0.2", .metric = 7};
    int index = ethernet(), fd = netlink_open(), listener = netlink_open();
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    CHECK_OK(netlink_set(listener, OPTION_ADD, GROUP_ROUTE));
    CHECK_EQ(add_route(fd, way), 0);
    receive_messages(listener);
    find_route(next_message(NULL));
    CHECK_EQ(routes_seen, 1);
    request_begin(&request, GET_ROUTE, 0, &body, sizeof(body));
    request_list(fd, &request, find_route);
    CHECK_EQ(routes_seen, 2);
    char *text = read_file("/proc/net/route");
    CHECK(strstr(text, "\t00004E0A\t02004D0A\t0003\t0\t0\t7\t0000FFFF\t"));
    CHECK_EQ(delete_route(fd, way), 0);
    receive_messages(listener);
    CHECK_EQ(next_message(NULL)->type, DELETE_ROUTE);
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}

static void count_rule(const struct netlink_header *message)
{
    CHECK_EQ(message->type, NEW_RULE);
    routes_seen++;
}

TEST(rules)
{
    struct route_body body = {.family = AF_INET};
    private_network();
    int fd = netlink_open();
    request_begin(&request, GET_RULE, 0, &body, sizeof(body));
    request_list(fd, &request, count_rule);
    CHECK_EQ(routes_seen, 3);
}

// ---- neighbours ----

static void neighbour_request(int type, int flags, int index, const char *ip,
                              const char *mac)
{
    struct neighbour_body body = {
        .family = AF_INET, .index = index, .state = STATE_PERMANENT};
    request_begin(&request, type, flags, &body, sizeof(body));
    request_add_ip(&request, NEIGHBOUR_IP, ip);
    if (mac)
        request_add(&request, NEIGHBOUR_MAC, mac, 6);
}

static const char *mac_wanted;

static void find_neighbour(const struct netlink_header *message)
{
    const struct neighbour_body *body = message_body(message);
    CHECK_EQ(message->type, NEW_NEIGHBOUR);
    if (!message_has_ip(message, sizeof(*body), NEIGHBOUR_IP, "10.77.0.9"))
        return;
    CHECK_EQ(body->index, index_wanted);
    CHECK_EQ(body->state, STATE_PERMANENT);
    CHECK_MEMORY(message_attribute(message, sizeof(*body), NEIGHBOUR_MAC, NULL),
                 mac_wanted, 6);
    times_found++;
}

TEST(neighbours_by_hand)
{
    struct neighbour_body body = {.family = AF_INET};
    int index = ethernet(), fd = netlink_open(), listener = netlink_open();
    CHECK_EQ(add_address(fd, index, "10.77.0.1", 24), 0);
    CHECK_OK(netlink_set(listener, OPTION_ADD, GROUP_NEIGHBOUR));
    mac_wanted = "\2\0\0\0\0\7";
    index_wanted = index;
    neighbour_request(NEW_NEIGHBOUR, 0, index, "10.77.0.9", mac_wanted);
    CHECK_EQ(request_run(fd, &request), ENOENT);
    neighbour_request(NEW_NEIGHBOUR, FLAG_CREATE | FLAG_EXCLUSIVE, index,
                      "10.77.0.9", mac_wanted);
    CHECK_EQ(request_run(fd, &request), 0);
    receive_messages(listener);
    find_neighbour(next_message(NULL));
    CHECK_EQ(times_found, 1);
    CHECK_EQ(request_run(fd, &request), EEXIST);
    request_begin(&request, GET_NEIGHBOUR, 0, &body, sizeof(body));
    request_list(fd, &request, find_neighbour);
    CHECK_EQ(times_found, 2);
    CHECK(strstr(read_file("/proc/net/arp"),
                 "10.77.0.9        0x1         0x6         "
                 "02:00:00:00:00:07"));
    mac_wanted = "\2\0\0\0\0\10";
    neighbour_request(NEW_NEIGHBOUR, FLAG_CREATE | FLAG_REPLACE, index,
                      "10.77.0.9", mac_wanted);
    CHECK_EQ(request_run(fd, &request), 0);
    receive_messages(listener);
    find_neighbour(next_message(NULL));
    CHECK_EQ(times_found, 3);
    neighbour_request(DELETE_NEIGHBOUR, 0, index, "10.77.0.9", NULL);
    CHECK_EQ(request_run(fd, &request), 0);
    CHECK_EQ(request_run(fd, &request), ENOENT);
    neighbour_request(NEW_NEIGHBOUR, FLAG_CREATE, 9999, "10.77.0.9",
                      mac_wanted);
    CHECK_EQ(request_run(fd, &request), ENODEV);
    CHECK_EQ(delete_address(fd, index, "10.77.0.1", 24), 0);
}
