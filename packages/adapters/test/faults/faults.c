/*
 * Stands between a process and the files of one folder (LD_PRELOAD), to make one of its calls fail, or to end the process there.
 *
 *   HOLDFAST_FAULT_FOLDER    the folder; calls on other files pass through
 *   HOLDFAST_FAULT_CONTROL   a file that holds a `struct control`, shared with whoever plans the fault: it may be written and read at
 *                            any time, also by the process itself, and says what happened when the process is gone
 *
 * Counted are open, write, truncate, flush, rename, link, remove and the making of folders. A call that changes something outside of
 * the folder is noted: there is to be none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* fault-shim.ts knows this layout. */
struct control {
  atomic_llong at;     /* number of the call; 1 for the first, 0 for none */
  atomic_llong action; /* an errno that the call fails with, or KILL_BEFORE, or KILL_AFTER */
  atomic_llong lasts;  /* not 0: the calls after it fail as well, until this is 0 again */
  atomic_llong calls;  /* how many there were */
  atomic_llong hits;   /* how many were made to fail */
  atomic_llong matches; /* how many of them were among those that are numbered */
  atomic_llong strays; /* how many changed something outside */
  char hit[1024];      /* the first that was made to fail: its name and its path */
  char stray[1024];    /* the first that changed something outside */
  char among[256];     /* not empty: `at` numbers only the calls that have this in their name and path */
};
#define KILL_BEFORE (-1)
#define KILL_AFTER (-2)

static struct control *control;
static const char *control_path;
static char folder[PATH_MAX];
static size_t folder_length;

/* The next definition of the function that is being defined: libc's own. */
#define NEXT(name)                                                             \
  static __typeof__(&name) next;                                               \
  if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void prepare(void) {
  const char *path = getenv("HOLDFAST_FAULT_CONTROL"), *root = getenv("HOLDFAST_FAULT_FOLDER");
  if (path == NULL || root == NULL) return;
  static __typeof__(&open) libc_open;
  libc_open = (__typeof__(&open))dlsym(RTLD_NEXT, "open");
  int fd = libc_open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared == MAP_FAILED) abort();
  close(fd);
  folder_length = strlen(root);
  memcpy(folder, root, folder_length + 1);
  control_path = path;
  control = shared;
}

static int is_inside(const char *path) {
  return strncmp(path, folder, folder_length) == 0 && (path[folder_length] == '/' || path[folder_length] == '\0');
}

/* The absolute form of a path; NULL when it cannot be told. `buffer` holds PATH_MAX bytes. */
static const char *absolute(const char *path, char *buffer) {
  if (path == NULL || path[0] == '/') return path;
  if (getcwd(buffer, PATH_MAX) == NULL) return NULL;
  size_t length = strlen(buffer);
  snprintf(buffer + length, PATH_MAX - length, "/%s", path);
  return buffer;
}

/* The path of an open file; NULL for what has none, such as a pipe. */
static const char *path_of(int fd, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length <= 0 || buffer[0] != '/') return NULL;
  buffer[length] = '\0';
  return buffer;
}

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* What is to become of a call on `path`: 0 to make it, an errno to fail with, KILL_AFTER to make it and die. */
static int verdict(const char *name, const char *path, int changes) {
  if (control == NULL || path == NULL) return 0;
  if (!is_inside(path)) {
    /* Devices and the kernel's own files are no files that anybody finds; the fault is planned in the control file. */
    if (changes && strcmp(path, control_path) != 0 && strncmp(path, "/dev/", 5) != 0 && strncmp(path, "/proc/", 6) != 0 &&
        atomic_fetch_add(&control->strays, 1) == 0)
      snprintf(control->stray, sizeof control->stray, "%s %s", name, path);
    return 0;
  }
  long long call = atomic_fetch_add(&control->calls, 1) + 1, at = atomic_load(&control->at);
  if (control->among[0] != '\0') {
    char whole[sizeof control->hit];
    snprintf(whole, sizeof whole, "%s %s", name, path + folder_length);
    if (strstr(whole, control->among) == NULL) return 0;
    call = atomic_fetch_add(&control->matches, 1) + 1;
  }
  if (at == 0 || call < at || (call > at && atomic_load(&control->lasts) == 0)) return 0;
  if (atomic_fetch_add(&control->hits, 1) == 0)
    snprintf(control->hit, sizeof control->hit, "%s %s", name, path + folder_length);
  int action = (int)atomic_load(&control->action);
  if (action == KILL_BEFORE) die();
  return action;
}

#define AROUND(name, path, changes, call)                                      \
  char buffer[PATH_MAX];                                                       \
  (void)buffer;                                                                \
  int fault = verdict(#name, path, changes);                                   \
  if (fault > 0) {                                                             \
    errno = fault;                                                             \
    return -1;                                                                 \
  }                                                                            \
  __auto_type result = call;                                                   \
  if (fault == KILL_AFTER) die();                                              \
  return result;

#define ON_FILE(type, name, parameters, call)                                  \
  type name parameters {                                                       \
    NEXT(name);                                                                \
    AROUND(name, path_of(fd, buffer), 0, call)                                 \
  }

/* What is written to a file outside was noted when that file was opened. */
ON_FILE(ssize_t, write, (int fd, const void *bytes, size_t count), next(fd, bytes, count))
ON_FILE(ssize_t, writev, (int fd, const struct iovec *parts, int count), next(fd, parts, count))
ON_FILE(ssize_t, pwrite, (int fd, const void *bytes, size_t count, off_t at), next(fd, bytes, count, at))
ON_FILE(ssize_t, pwrite64, (int fd, const void *bytes, size_t count, off64_t at), next(fd, bytes, count, at))
ON_FILE(int, ftruncate, (int fd, off_t size), next(fd, size))
ON_FILE(int, ftruncate64, (int fd, off64_t size), next(fd, size))
ON_FILE(int, fsync, (int fd), next(fd))
ON_FILE(int, fdatasync, (int fd), next(fd))
ON_FILE(int, syncfs, (int fd), next(fd))

#define ON_PATH(name, parameters, path, call)                                  \
  int name parameters {                                                        \
    NEXT(name);                                                                \
    AROUND(name, absolute(path, buffer), 1, call)                              \
  }

/* Of two paths the one that is changed for good counts: where a file goes from, or where a link is made. */
ON_PATH(rename, (const char *from, const char *to), from, next(from, to))
ON_PATH(link, (const char *from, const char *to), to, next(from, to))
ON_PATH(symlink, (const char *target, const char *at), at, next(target, at))
ON_PATH(unlink, (const char *path), path, next(path))
ON_PATH(rmdir, (const char *path), path, next(path))
ON_PATH(mkdir, (const char *path, mode_t mode), path, next(path, mode))

#define OPENING(name)                                                          \
  int name(const char *path, int flags, ...) {                                 \
    NEXT(name);                                                                \
    mode_t mode = 0;                                                           \
    if ((flags & (O_CREAT | O_TMPFILE)) != 0) {                                \
      va_list rest;                                                            \
      va_start(rest, flags);                                                   \
      mode = va_arg(rest, mode_t);                                             \
      va_end(rest);                                                            \
    }                                                                          \
    int changes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0;   \
    AROUND(open, absolute(path, buffer), changes, next(path, flags, mode))     \
  }

OPENING(open)
OPENING(open64)
