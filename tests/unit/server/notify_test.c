#include "server/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A manager that listens: in the folder of the test, or under a name that stands in no folder. */
static int listen_as(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = 5};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    assert_true(fd >= 0);
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))),
                     0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static void assert_notified(int fd, const char *state)
{
    char told[64];
    ssize_t len = recv(fd, told, sizeof told, 0);

    assert_int_equal(len, strlen(state));
    assert_memory_equal(told, state, strlen(state));
}

static void the_manager_receives_each_state(void **state)
{
    char folder[] = "/tmp/reverb-notify-XXXXXX";
    char path[64];
    int fd;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    fd = listen_as(path);
    server_notify("READY=1");
    server_notify("STOPPING=1");
    assert_notified(fd, "READY=1");
    assert_notified(fd, "STOPPING=1");
    close(fd);
    unlink(path);
    rmdir(folder);
}

static void a_name_that_stands_in_no_folder_is_understood(void **state)
{
    int fd = listen_as("@reverb-notify-test");

    (void)state;
    server_notify("WATCHDOG=1");
    assert_notified(fd, "WATCHDOG=1");
    close(fd);
}

static void without_a_manager_nothing_happens(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    server_notify("READY=1");
    setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    server_notify("READY=1");
    setenv("NOTIFY_SOCKET", "", 1);
    server_notify("READY=1");
}

static void the_watchdog_is_on_only_where_both_variables_say_so(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    setenv("WATCHDOG_USEC", "1000000", 1);
    assert_false(server_notify_is_watched());
    setenv("NOTIFY_SOCKET", "@reverb-notify-test", 1);
    assert_true(server_notify_is_watched());
    unsetenv("WATCHDOG_USEC");
    assert_false(server_notify_is_watched());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manager_receives_each_state),
        cmocka_unit_test(a_name_that_stands_in_no_folder_is_understood),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(the_watchdog_is_on_only_where_both_variables_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
