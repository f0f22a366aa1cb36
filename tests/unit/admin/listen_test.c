#include "admin/listen.h"

#include "support/unit.h"
#include "unit/config/folder.h"

#include <sys/socket.h>
#include <sys/un.h>

static struct config_address address;
static struct buffer error;

static void give(const char *text)
{
    buffer_clear(&error);
    assert_true(config_address_parse(text, &address, &error));
}

static void a_port_of_0_becomes_one_that_is_free(void **state)
{
    uint16_t port;
    uint16_t same;
    int fd;

    (void)state;
    give("127.0.0.1:0");
    fd = admin_listen(&address, &port, &error);
    assert_true(fd >= 0);
    assert_true(port > 0);
    assert_true(admin_listen_is_at(fd, &address, &same));
    assert_int_equal(same, port);
    close(fd);
}

static void only_its_user_and_group_may_open_the_socket_file(void **state)
{
    struct stat info;
    uint16_t port;
    int fd;

    (void)state;
    give("unix:admin.sock");
    fd = admin_listen(&address, &port, &error);
    assert_true(fd >= 0);
    assert_int_equal(port, 0);
    assert_int_equal(stat("admin.sock", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0660);
    admin_listen_forget(&address);
    assert_int_not_equal(stat("admin.sock", &info), 0);
    close(fd);
}

static void a_file_that_a_killed_server_left_is_replaced_and_one_in_use_is_not(void **state)
{
    uint16_t port;
    int killed;
    int fd;

    (void)state;
    give("unix:admin.sock");
    killed = admin_listen(&address, &port, &error);
    assert_int_equal(admin_listen(&address, &port, &error), -1);
    assert_has(buffer_text(&error), "admin \"unix:admin.sock\" cannot be listened on: address "
                                    "already in use");
    close(killed);
    fd = admin_listen(&address, &port, &error);
    assert_true(fd >= 0);
    close(fd);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    uint16_t port;

    (void)state;
    folder_write("admin.sock", "precious");
    give("unix:admin.sock");
    assert_int_equal(admin_listen(&address, &port, &error), -1);
    assert_int_equal(access("admin.sock", F_OK), 0);
}

static void what_is_inherited_counts_only_at_the_address_of_the_settings(void **state)
{
    uint16_t port;
    int fd;
    int tcp;

    (void)state;
    give("unix:admin.sock");
    fd = admin_listen(&address, &port, &error);
    assert_true(admin_listen_is_at(fd, &address, &port));
    give("unix:other.sock");
    assert_false(admin_listen_is_at(fd, &address, &port));
    give("127.0.0.1:0");
    assert_false(admin_listen_is_at(fd, &address, &port));
    tcp = admin_listen(&address, &port, &error);
    admin_listen_forget(&address); /* there is no file */
    give("unix:admin.sock");
    assert_false(admin_listen_is_at(tcp, &address, &port));
    close(fd);
    close(tcp);
}

static int release(void **state)
{
    (void)state;
    buffer_deinit(&error);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_port_of_0_becomes_one_that_is_free),
        FOLDER_TEST(only_its_user_and_group_may_open_the_socket_file),
        FOLDER_TEST(a_file_that_a_killed_server_left_is_replaced_and_one_in_use_is_not),
        FOLDER_TEST(a_file_that_is_no_socket_is_left_alone),
        FOLDER_TEST(what_is_inherited_counts_only_at_the_address_of_the_settings),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
