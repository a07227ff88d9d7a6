/* Reads files out of a UDF image with libudfread: size and the bytes asked for, as they are, to standard output.
   read IMAGE label            the volume's name
   read IMAGE list FOLDER      what a folder holds, sorted by nobody
   read IMAGE size FILE
   read IMAGE bytes FILE FROM COUNT
   read IMAGE all FILE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <udfread/udfread.h>

int main(int count, char **words)
{
    udfread *image = udfread_init();
    UDFFILE *file;
    struct udfread_dirent entry;

    if (count < 3 || udfread_open(image, words[1]) < 0) {
        puts("cannot be opened");
        return 2;
    }
    if (!strcmp(words[2], "label")) {
        puts(udfread_get_volume_id(image));
        return 0;
    }
    if (!strcmp(words[2], "list")) {
        UDFDIR *folder = udfread_opendir(image, words[3]);
        while (folder && udfread_readdir(folder, &entry))
            puts(entry.d_name);
        return !folder;
    }
    file = udfread_file_open(image, words[3]);
    if (!file) {
        puts("no such file");
        return 3;
    }
    if (!strcmp(words[2], "size")) {
        printf("%lld\n", (long long)udfread_file_size(file));
        return 0;
    }
    int whole = !strcmp(words[2], "all");
    long long left = whole ? udfread_file_size(file) : atoll(words[5]);
    static char piece[1 << 20];
    udfread_file_seek(file, whole ? 0 : atoll(words[4]), UDF_SEEK_SET);
    while (left > 0) {
        long long got = udfread_file_read(file, piece, left < (long long)sizeof piece ? left : (long long)sizeof piece);
        if (got <= 0)
            return 4;
        fwrite(piece, 1, got, stdout);
        left -= got;
    }
    return 0;
}
