/* What a Blu-ray player does when a disc is put in and nobody touches it: libbluray runs the disc's own programs.
   Prints each event that matters with the bytes read so far, and stops when the play list was entered so often. */
#include <libbluray/bluray.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words)
{
    unsigned char unit[6144];
    long long bytes = 0;
    int entered = 0, idle = 0, wanted;
    BD_EVENT event;
    BLURAY *disc;
    const BLURAY_DISC_INFO *info;

    if (count != 3 || !(disc = bd_open(words[1], NULL))) {
        puts("cannot be opened");
        return 2;
    }
    wanted = atoi(words[2]);
    info = bd_get_disc_info(disc);
    printf("disc %d first_play %d top_menu %d titles %u\n", info->bluray_detected, info->first_play_supported,
           info->top_menu_supported, info->num_hdmv_titles);
    if (!bd_play(disc)) {
        puts("does not play");
        return 3;
    }
    while (idle < 1000) {
        int got = bd_read_ext(disc, unit, sizeof unit, &event);
        if (got < 0) {
            puts("read error");
            return 4;
        }
        bytes += got;
        idle = got > 0 || event.event != BD_EVENT_NONE ? 0 : idle + 1;
        switch (event.event) {
        case BD_EVENT_PLAYLIST:
            if (++entered > wanted) {
                printf("%lld loops %d\n", bytes, wanted);
                bd_close(disc);
                return 0;
            }
            /* fall through */
        case BD_EVENT_TITLE:
        case BD_EVENT_CHAPTER:
        case BD_EVENT_END_OF_TITLE:
        case BD_EVENT_ERROR:
        case BD_EVENT_READ_ERROR:
            printf("%lld %s %u\n", bytes, bd_event_name(event.event), event.param);
        }
    }
    puts("stands still");
    return 5;
}
