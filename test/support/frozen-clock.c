/* Makes a program believe that the wall clock stands at FROZEN_CLOCK_US (microseconds since the epoch); durations, which
   are measured on other clocks, go on. Loaded by LD_PRELOAD. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long frozen(void) {
  static long long at;
  if (at == 0) {
    const char *text = getenv("FROZEN_CLOCK_US");
    at = text ? atoll(text) : 1;
  }
  return at;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  now->tv_sec = frozen() / 1000000;
  now->tv_usec = frozen() % 1000000;
  return 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) return (int)syscall(SYS_clock_gettime, clock, now);
  now->tv_sec = frozen() / 1000000;
  now->tv_nsec = frozen() % 1000000 * 1000;
  return 0;
}

time_t time(time_t *now) {
  if (now) *now = frozen() / 1000000;
  return frozen() / 1000000;
}
