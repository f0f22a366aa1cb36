#include "http/date.h"

#include "base/check.h"

#include <stdio.h>

/* Names of our own: those of strftime() depend on the locale. */
void http_date_write(time_t at_s, char line[HTTP_DATE_LINE_LEN])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[HTTP_DATE_LINE_LEN + 1];
    struct tm tm;

    CHECK(gmtime_r(&at_s, &tm) != NULL);
    CHECK(snprintf(text, sizeof text, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
                   days + (size_t)tm.tm_wday * 3, tm.tm_mday, months + (size_t)tm.tm_mon * 3,
                   tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec) == HTTP_DATE_LINE_LEN);
    memcpy(line, text, HTTP_DATE_LINE_LEN);
}

struct bytes http_date_line(void)
{
    static _Thread_local char line[HTTP_DATE_LINE_LEN];
    static _Thread_local time_t written_s = -1;
    const time_t now_s = time(NULL);

    if (now_s != written_s) {
        http_date_write(now_s, line);
        written_s = now_s;
    }
    return (struct bytes){line, sizeof line};
}
