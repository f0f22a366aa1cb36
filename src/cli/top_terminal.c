#include "cli/top_terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* Another screen, without a cursor and without breaking long lines; and back. */
#define ENTER "\x1b[?1049h\x1b[?25l\x1b[?7l"
#define LEAVE "\x1b[?7h\x1b[?25h\x1b[?1049l"
#define TOP_LEFT "\x1b[H"
#define CLEAR_BELOW "\x1b[J"

#define ROWS_UNKNOWN 24

static struct termios before;
static volatile sig_atomic_t ending_signal;

static void on_signal(int signal)
{
    if (signal != SIGWINCH) /* that one only wakes */
        ending_signal = signal;
}

static void watch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
    struct sigaction action = {.sa_handler = on_signal};

    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
}

static void write_all(struct bytes text)
{
    ssize_t len = 1;

    while (text.len > 0 && (len > 0 || errno == EINTR)) {
        len = write(STDOUT_FILENO, text.data, text.len);
        text = bytes_from(text, len > 0 ? (size_t)len : 0);
    }
}

bool cli_top_terminal_is_there(void)
{
    return isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
}

void cli_top_terminal_open(void)
{
    struct termios raw;

    tcgetattr(STDIN_FILENO, &before);
    watch_signals();
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw.c_cc[VSUSP] = _POSIX_VDISABLE; /* a shell would have this screen otherwise */
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    write_all(BYTES(ENTER));
}

void cli_top_terminal_close(void)
{
    write_all(BYTES(LEAVE));
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

size_t cli_top_terminal_rows(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row
                                                                           : ROWS_UNKNOWN;
}

void cli_top_terminal_show(struct bytes text)
{
    write_all(BYTES(TOP_LEFT));
    write_all(text);
    write_all(BYTES(CLEAR_BELOW));
}

int cli_top_terminal_key(unsigned within_ms)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    const int count = ending_signal == 0 ? poll(&input, 1, (int)within_ms) : -1;
    unsigned char key;

    if (ending_signal != 0)
        return -1;
    if (count <= 0)
        return 0;
    return read(STDIN_FILENO, &key, 1) == 1 ? key : -1;
}

void cli_top_terminal_die(void)
{
    if (ending_signal == 0)
        return;
    signal(ending_signal, SIG_DFL);
    raise(ending_signal);
}
