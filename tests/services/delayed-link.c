/* delayed-link CLIENT SERVER MICROSECONDS: joins two network namespaces (paths as /run/netns/NAME) by a device "link0" in each, with this delay one way.
 * Packets pass as the kernel hands them over, up to 64 KiB with their segmentation left to do, so that a link of 1 Gbit/s costs little of a processor. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST = 65536 + 64, SLOTS = 4096, VIRTIO_HEADER = 10 };

struct packet {
    struct timespec due;
    size_t length;
    char *bytes;
};

/* One direction: who reads fills it, who writes empties it when the time has come. A full one drops, as a router does. */
struct direction {
    int from, to;
    long delay_ns;
    struct packet slots[SLOTS];
    unsigned first, count;
    pthread_mutex_t lock;
    pthread_cond_t filled;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int open_end(const char *name_space)
{
    int space = open(name_space, O_RDONLY | O_CLOEXEC);
    if (space < 0 || setns(space, CLONE_NEWNET) != 0)
        fail(name_space);
    close(space);

    int device = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (device < 0)
        fail("/dev/net/tun");
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
    strcpy(request.ifr_name, "link0");
    int header = VIRTIO_HEADER;
    if (ioctl(device, TUNSETIFF, &request) != 0 || ioctl(device, TUNSETVNETHDRSZ, &header) != 0
        || ioctl(device, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) != 0)
        fail("link0");
    return device;
}

static void *take(void *argument)
{
    struct direction *way = argument;
    static __thread char buffer[LARGEST];
    for (;;) {
        ssize_t length = read(way->from, buffer, sizeof buffer);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return NULL;

        struct packet packet = { .length = (size_t)length, .bytes = malloc((size_t)length) };
        if (packet.bytes == NULL)
            fail("malloc");
        memcpy(packet.bytes, buffer, packet.length);
        clock_gettime(CLOCK_MONOTONIC, &packet.due);
        packet.due.tv_nsec += way->delay_ns;
        packet.due.tv_sec += packet.due.tv_nsec / 1000000000L;
        packet.due.tv_nsec %= 1000000000L;

        pthread_mutex_lock(&way->lock);
        if (way->count < SLOTS) {
            way->slots[(way->first + way->count++) % SLOTS] = packet;
            packet.bytes = NULL;
            pthread_cond_signal(&way->filled);
        }
        pthread_mutex_unlock(&way->lock);
        free(packet.bytes);
    }
}

static void *give(void *argument)
{
    struct direction *way = argument;
    for (;;) {
        pthread_mutex_lock(&way->lock);
        while (way->count == 0)
            pthread_cond_wait(&way->filled, &way->lock);
        struct packet packet = way->slots[way->first];
        way->first = (way->first + 1) % SLOTS;
        way->count--;
        pthread_mutex_unlock(&way->lock);

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &packet.due, NULL) == EINTR)
            ;
        /* EIO: the device is not up yet, or no longer. */
        if (write(way->to, packet.bytes, packet.length) < 0 && errno != EIO)
            perror("write");
        free(packet.bytes);
    }

    return NULL;
}

static void start(void *(*work)(void *), struct direction *way)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, way) != 0)
        fail("pthread_create");
}

int main(int count, char **arguments)
{
    if (count != 4) {
        fprintf(stderr, "usage: delayed-link CLIENT SERVER MICROSECONDS\n");
        return 2;
    }

    static struct direction up = { .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER };
    static struct direction down = { .lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER };
    prctl(PR_SET_TIMERSLACK, 1UL); /* Before the threads, which inherit it: a sleep ends when it is told to. */
    up.from = down.to = open_end(arguments[1]);
    up.to = down.from = open_end(arguments[2]);
    up.delay_ns = down.delay_ns = atol(arguments[3]) * 1000L;
    start(give, &up);
    start(give, &down);
    start(take, &up);
    take(&down);
    return 0;
}
