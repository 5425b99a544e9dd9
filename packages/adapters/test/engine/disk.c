/*
 * Stands between a process and the files of one folder (LD_PRELOAD), to end the process at a chosen call and to know what a power
 * cut would leave of them.
 *
 *   HOLDFAST_DISK_FOLDER   the folder; calls on other files pass through unseen
 *   HOLDFAST_DISK_KILL     number of the call before which the process is ended by SIGKILL; 1 for the first
 *   HOLDFAST_DISK_TEAR     when set, and that call writes: half of it is written first
 *   HOLDFAST_DISK_FILL     number of the call before which the folder's volume is filled to the last byte; it is read anew at each call,
 *                          and the count begins again whenever it changes: `<anything>:<number>:<bytes that are left free>`
 *   HOLDFAST_DISK_SYNCED   a folder that keeps each file as it was when it was last flushed
 *   HOLDFAST_DISK_COUNT    a file that gets the number of calls when the process ends by itself
 *
 * Counted are the calls that change files: write, truncate, flush, rename, remove. SQLite's shared memory (-shm) is left out: it is
 * no more durable than memory.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* The next definition of the function that is being defined: libc's own. */
#define NEXT(name)                                                             \
  static __typeof__(&name) next;                                               \
  if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static atomic_long calls;

/* The path relative to the folder; NULL for a path elsewhere, or for shared memory. */
static const char *inside(const char *path) {
  const char *folder = getenv("HOLDFAST_DISK_FOLDER");
  if (folder == NULL || path == NULL) return NULL;
  size_t length = strlen(folder);
  if (strncmp(path, folder, length) != 0 || path[length] != '/') return NULL;
  size_t whole = strlen(path);
  if (whole >= 4 && strcmp(path + whole - 4, "-shm") == 0) return NULL;
  return path + length + 1;
}

/* The same for an open file; `buffer` holds PATH_MAX bytes. */
static const char *inside_of(int fd, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length < 0) return NULL;
  buffer[length] = '\0';
  return inside(buffer);
}

/* Fills the volume with a file beside all others, but for so many bytes. */
static void fill(long left) {
  char path[PATH_MAX];
  static const char block[65536];
  snprintf(path, sizeof path, "%s/.ballast", getenv("HOLDFAST_DISK_FOLDER"));
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd < 0) abort();
  for (size_t size = sizeof block; size > 0;) {
    long wrote = syscall(SYS_write, fd, block, size);
    if (wrote < 0 && errno != ENOSPC && errno != EINTR) abort();
    if (wrote <= 0) size /= 2;
  }
  struct stat status;
  if (fstat(fd, &status) != 0) abort();
  if (syscall(SYS_ftruncate, fd, status.st_size > left ? status.st_size - left : 0) != 0) abort();
  close(fd);
}

/* Fills the volume when this is the call for it. */
static void fill_at_call(void) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static char known[64];
  static long seen;
  const char *plan = getenv("HOLDFAST_DISK_FILL");
  if (plan == NULL) return;
  pthread_mutex_lock(&mutex);
  if (strncmp(known, plan, sizeof known) != 0) {
    snprintf(known, sizeof known, "%s", plan);
    seen = 0;
  }
  const char *number = strchr(known, ':');
  const char *left = number == NULL ? NULL : strchr(number + 1, ':');
  if (left == NULL) abort();
  seen += 1;
  if (seen == atol(number + 1)) fill(atol(left + 1));
  pthread_mutex_unlock(&mutex);
}

/* Counts a call. Whether it is the one at which the process ends. */
static int is_last(void) {
  fill_at_call();
  const char *at = getenv("HOLDFAST_DISK_KILL");
  long call = atomic_fetch_add(&calls, 1) + 1;
  return at != NULL && call == atol(at);
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

static int tears(void) { return getenv("HOLDFAST_DISK_TEAR") != NULL; }

/* Keeps the file as it is now. The copy takes its place at once, so that a kill in between leaves the older one. */
static void keep(int fd, const char *name) {
  const char *folder = getenv("HOLDFAST_DISK_SYNCED");
  struct stat status;
  if (folder == NULL || name == NULL || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  char from[64], part[PATH_MAX], target[PATH_MAX], block[65536];
  snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
  snprintf(target, sizeof target, "%s/%s", folder, name);
  snprintf(part, sizeof part, "%s/.part", folder);
  int in = open(from, O_RDONLY), out = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (in < 0 || out < 0) abort();
  for (ssize_t got; (got = read(in, block, sizeof block)) != 0;)
    if (got < 0 || write(out, block, got) != got) abort();
  close(in);
  close(out);
  if (rename(part, target) != 0) abort();
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("HOLDFAST_DISK_COUNT");
  FILE *file = path == NULL ? NULL : fopen(path, "w");
  if (file == NULL) return;
  fprintf(file, "%ld", atomic_load(&calls));
  fclose(file);
}

#define WRITING(name, parameters, whole, half)                                 \
  ssize_t name parameters {                                                    \
    NEXT(name);                                                                \
    char path[PATH_MAX];                                                       \
    if (inside_of(fd, path) != NULL && is_last()) {                            \
      if (tears() && half < 0) abort();                                        \
      die();                                                                   \
    }                                                                          \
    return whole;                                                              \
  }

WRITING(write, (int fd, const void *bytes, size_t count), next(fd, bytes, count), next(fd, bytes, count / 2))
WRITING(pwrite, (int fd, const void *bytes, size_t count, off_t at), next(fd, bytes, count, at),
        next(fd, bytes, count / 2, at))
WRITING(pwrite64, (int fd, const void *bytes, size_t count, off64_t at), next(fd, bytes, count, at),
        next(fd, bytes, count / 2, at))

#define CHANGING(name, parameters, path_of, whole)                             \
  int name parameters {                                                        \
    NEXT(name);                                                                \
    char path[PATH_MAX];                                                       \
    (void)path;                                                                \
    if (path_of != NULL && is_last()) die();                                   \
    return whole;                                                              \
  }

CHANGING(ftruncate, (int fd, off_t size), inside_of(fd, path), next(fd, size))
CHANGING(ftruncate64, (int fd, off64_t size), inside_of(fd, path), next(fd, size))
CHANGING(rename, (const char *from, const char *to), inside(from), next(from, to))
CHANGING(rmdir, (const char *name), inside(name), next(name))

int unlink(const char *name) {
  NEXT(unlink);
  const char *within = inside(name), *folder = getenv("HOLDFAST_DISK_SYNCED");
  if (within != NULL && is_last()) die();
  int result = next(name);
  if (result == 0 && within != NULL && folder != NULL) {
    char kept[PATH_MAX];
    snprintf(kept, sizeof kept, "%s/%s", folder, within);
    next(kept);
  }
  return result;
}

#define FLUSHING(name)                                                         \
  int name(int fd) {                                                           \
    NEXT(name);                                                                \
    char path[PATH_MAX];                                                       \
    const char *within = inside_of(fd, path);                                  \
    if (within != NULL && is_last()) die();                                    \
    int result = next(fd);                                                     \
    if (result == 0) keep(fd, within);                                         \
    return result;                                                             \
  }

FLUSHING(fsync)
FLUSHING(fdatasync)
