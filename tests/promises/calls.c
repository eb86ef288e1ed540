/* A library put before libc: it counts and notes the calls that change files below one directory, and lets the Nth fail
 * or kill the process at it. Everything a process writes to disk by libc passes here, SQLite's writes too.
 *
 *   calls_arm(directory, n, how)  from now on; n = 0 only counts. how: 0 kill before the call, 1 kill after it,
 *                                 otherwise the errno it fails with.
 *   calls_disarm()                returns how many calls there were.
 *   calls_log()                   a line a call: its name, a tab, the path below the directory.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static long counted, fault_at;
static int how;
static char log_text[1 << 20];
static size_t log_length;

void calls_arm(const char *directory, long n, int what) {
    pthread_mutex_lock(&lock);
    snprintf(root, sizeof root, "%s/", directory);
    root_length = strlen(root);
    counted = 0;
    fault_at = n;
    how = what;
    log_length = 0;
    log_text[0] = 0;
    pthread_mutex_unlock(&lock);
}

long calls_disarm(void) {
    pthread_mutex_lock(&lock);
    root_length = 0;
    long total = counted;
    pthread_mutex_unlock(&lock);
    return total;
}

const char *calls_log(void) { return log_text; }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What becomes of this call: 0 nothing, -1 it fails with errno set, 1 the process dies once the call was made. */
static int judge(const char *call, const char *path) {
    int verdict = 0;
    if (!root_length || strncmp(path, root, root_length) != 0) return 0;
    pthread_mutex_lock(&lock);
    if (root_length) {
        counted++;
        int room = (int)(sizeof log_text - log_length);
        int wrote = snprintf(log_text + log_length, room, "%s\t%s\n", call, path + root_length);
        if (wrote > 0 && wrote < room) log_length += wrote;
        if (counted == fault_at) {
            if (how == 0) die();
            if (how == 1) verdict = 1;
            else {
                errno = how;
                verdict = -1;
            }
        }
    }
    pthread_mutex_unlock(&lock);
    return verdict;
}

static int judge_fd(const char *call, int fd) {
    char link_name[64], path[PATH_MAX];
    if (!root_length) return 0;
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link_name, path, sizeof path - 2);
    if (length <= 0) return 0;
    path[length] = '/'; /* so that the directory itself counts */
    path[length + 1] = 0;
    if (strlen(path) > root_length) path[length] = 0;
    return judge(call, path);
}

#define AFTER(result) do { if (verdict == 1) die(); return result; } while (0)
#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)
#define ON_FD(name, type, signature, fd, ...) \
    type name signature { \
        REAL(type, name, __VA_ARGS__); \
        int verdict = judge_fd(#name, fd); \
        if (verdict < 0) return -1; \
        type result = real CALL_##name; \
        AFTER(result); \
    }

#define CALL_write (fd, buffer, count)
ON_FD(write, ssize_t, (int fd, const void *buffer, size_t count), fd, int, const void *, size_t)
#define CALL_pwrite (fd, buffer, count, offset)
ON_FD(pwrite, ssize_t, (int fd, const void *buffer, size_t count, off_t offset), fd, int, const void *, size_t, off_t)
#define CALL_pwrite64 (fd, buffer, count, offset)
ON_FD(pwrite64, ssize_t, (int fd, const void *buffer, size_t count, off64_t offset), fd, int, const void *, size_t,
      off64_t)
#define CALL_pwritev (fd, parts, count, offset)
ON_FD(pwritev, ssize_t, (int fd, const struct iovec *parts, int count, off_t offset), fd, int, const struct iovec *,
      int, off_t)
#define CALL_fsync (fd)
ON_FD(fsync, int, (int fd), fd, int)
#define CALL_fdatasync (fd)
ON_FD(fdatasync, int, (int fd), fd, int)
#define CALL_ftruncate (fd, length)
ON_FD(ftruncate, int, (int fd, off_t length), fd, int, off_t)
#define CALL_ftruncate64 (fd, length)
ON_FD(ftruncate64, int, (int fd, off64_t length), fd, int, off64_t)

#define ON_PATH(name, signature, path, call, ...) \
    int name signature { \
        REAL(int, name, __VA_ARGS__); \
        int verdict = judge(#name, path); \
        if (verdict < 0) return -1; \
        int result = real call; \
        AFTER(result); \
    }

ON_PATH(rename, (const char *from, const char *to), to, (from, to), const char *, const char *)
ON_PATH(renameat, (int from_fd, const char *from, int to_fd, const char *to), to, (from_fd, from, to_fd, to), int,
        const char *, int, const char *)
ON_PATH(link, (const char *from, const char *to), to, (from, to), const char *, const char *)
ON_PATH(linkat, (int from_fd, const char *from, int to_fd, const char *to, int flags), to,
        (from_fd, from, to_fd, to, flags), int, const char *, int, const char *, int)
ON_PATH(unlink, (const char *path), path, (path), const char *)
ON_PATH(unlinkat, (int fd, const char *path, int flags), path, (fd, path, flags), int, const char *, int)

/* Making a folder counts where there is none, opening where it may make a file. */
int mkdir(const char *path, mode_t mode) {
    REAL(int, mkdir, const char *, mode_t);
    int verdict = access(path, F_OK) == 0 ? 0 : judge("mkdir", path);
    if (verdict < 0) return -1;
    int result = real(path, mode);
    AFTER(result);
}

#define ON_OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...); \
        mode_t mode = 0; \
        if (flags & O_CREAT) { \
            va_list rest; \
            va_start(rest, flags); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        int verdict = flags & O_CREAT ? judge(#name, path) : 0; \
        if (verdict < 0) return -1; \
        int result = real(path, flags, mode); \
        AFTER(result); \
    }

ON_OPEN(open)
ON_OPEN(open64)
