/* Plays a DVD image with libdvdnav as a player does that nobody touches, or for which somebody presses menu buttons.
   walk IMAGE STARTS [BUTTON...]: one line for each thing that happens, until title 1 has begun STARTS times. */
#include <dvdnav/dvdnav.h>
#include <dvdnav/dvdnav_events.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words)
{
    dvdnav_t *disc;
    uint8_t block[2048];
    int32_t event, length, title, part, last_title = -1, last_part = -1, last_cell = 0, starts = 0, button = 3;
    int menu_told = 0;

    if (count < 3 || dvdnav_open(&disc, words[1]) != DVDNAV_STATUS_OK) {
        puts("cannot be opened");
        return 2;
    }
    dvdnav_set_readahead_flag(disc, 0);
    for (long step = 0; step < 2000000; step++) {
        if (dvdnav_get_next_block(disc, block, &event, &length) != DVDNAV_STATUS_OK) {
            printf("error: %s\n", dvdnav_err_to_string(disc));
            return 3;
        }
        if (event == DVDNAV_STOP) {
            puts("stop");
            return 0;
        } else if (event == DVDNAV_WAIT) {
            dvdnav_wait_skip(disc);
        } else if (event == DVDNAV_STILL_FRAME) {
            dvdnav_still_event_t *still = (dvdnav_still_event_t *)block;
            if (still->length < 0xff) {
                dvdnav_still_skip(disc);
                continue;
            }
            if (!menu_told++)
                printf("menu waits\n");
            if (button >= count)
                return 0;
            pci_t *pci = dvdnav_get_current_nav_pci(disc);
            printf("%d buttons, press %s\n", pci->hli.hl_gi.btn_ns, words[button]);
            dvdnav_button_select_and_activate(disc, pci, atoi(words[button++]));
            menu_told = 0;
            last_title = -1;
        } else if (event == DVDNAV_CELL_CHANGE) {
            title = part = 0; /* and 0 they stay in a menu */
            dvdnav_current_title_info(disc, &title, &part);
            int32_t cell = ((dvdnav_cell_change_event_t *)block)->cellN;
            int same = title == last_title && part == last_part && cell > last_cell;
            last_cell = cell;
            if (title < 1 || same)
                continue;
            last_title = title, last_part = part;
            if (title == 1 && part == 1 && ++starts > atoi(words[2])) {
                puts("begins again");
                return 0;
            }
            printf("title %d chapter %d\n", title, part);
        }
    }
    puts("never ends");
    return 4;
}
