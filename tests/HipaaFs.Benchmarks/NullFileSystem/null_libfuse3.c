/* The same null file system on libfuse3's low-level interface with its multi-threaded loop: the yardstick of NullFileSystemBenchmark.
 *   null_libfuse3 serve MOUNTPOINT          serve in the foreground until unmounted
 *   null_libfuse3 read FILE BYTES SECONDS   O_DIRECT reads of BYTES at random offsets; prints reads per second
 */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_SIZE (8ULL << 30)
#define LARGEST (1 << 20)
#define VALID 600.0

static char *content;

static void fill(fuse_ino_t ino, struct stat *st)
{
    memset(st, 0, sizeof(*st));
    st->st_ino = ino;
    st->st_nlink = 1;
    st->st_blksize = 4096;
    st->st_mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644;
    st->st_size = ino == FUSE_ROOT_ID ? 0 : FILE_SIZE;
}

static void null_init(void *userdata, struct fuse_conn_info *conn)
{
    (void)userdata;
    conn->max_write = LARGEST;
    conn->max_read = LARGEST;
    conn->max_readahead = LARGEST;
}

static void null_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry;

    if (parent != FUSE_ROOT_ID || strcmp(name, "null") != 0) {
        fuse_reply_err(req, ENOENT);
        return;
    }
    memset(&entry, 0, sizeof(entry));
    entry.ino = 2;
    entry.attr_timeout = VALID;
    entry.entry_timeout = VALID;
    fill(2, &entry.attr);
    fuse_reply_entry(req, &entry);
}

static void null_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct stat st;

    (void)fi;
    fill(ino, &st);
    fuse_reply_attr(req, &st, VALID);
}

static void null_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    (void)ino;
    fi->keep_cache = 1;
    fuse_reply_open(req, fi);
}

static void null_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    (void)ino;
    (void)off;
    (void)fi;
    fuse_reply_buf(req, content, size);
}

static const struct fuse_lowlevel_ops operations = {
    .init = null_init,
    .lookup = null_lookup,
    .getattr = null_getattr,
    .open = null_open,
    .read = null_read,
};

static int serve(char *mountpoint)
{
    char *arguments[] = { "null", "-o", "max_read=1048576,fsname=null" };
    struct fuse_args args = FUSE_ARGS_INIT(3, arguments);
    struct fuse_loop_config *config;
    struct fuse_session *session;
    int result = 1;

    content = malloc(LARGEST);
    if (content != NULL)
        memset(content, 1, LARGEST); /* The kernel reads memory that was never written in a slow way of its own. */
    session = fuse_session_new(&args, &operations, sizeof(operations), NULL);
    if (content == NULL || session == NULL || fuse_session_mount(session, mountpoint) != 0)
        return 1;
    config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_clone_fd(config, 1);
    result = fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    return result;
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int measure(const char *path, size_t size, double seconds)
{
    uint64_t seed = 88172645463325252ULL, reads = 0;
    void *buffer;
    double start, end;
    int fd = open(path, O_RDONLY | O_DIRECT);

    if (fd < 0 || posix_memalign(&buffer, 4096, size) != 0) {
        perror(path);
        return 1;
    }
    start = now();
    do {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        if (pread(fd, buffer, size, (off_t)(seed % (FILE_SIZE / size) * size)) != (ssize_t)size) {
            perror("pread");
            return 1;
        }
        reads++;
        end = now();
    } while (end - start < seconds);
    printf("%.1f\n", reads / (end - start));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        return serve(argv[2]);
    if (argc == 5 && strcmp(argv[1], "read") == 0)
        return measure(argv[2], strtoul(argv[3], NULL, 10), atof(argv[4]));
    fprintf(stderr, "null_libfuse3 serve MOUNTPOINT | read FILE BYTES SECONDS\n");
    return 2;
}
