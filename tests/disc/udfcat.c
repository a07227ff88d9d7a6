/* A file of a UDF image, by libudfread, to standard output: udfcat IMAGE /PATH */
#include <stdio.h>
#include <udfread/udfread.h>

int main(int count, char **words)
{
    static char piece[1 << 20];
    udfread *image = udfread_init();
    UDFFILE *file;
    long long got;

    if (count != 3 || udfread_open(image, words[1]) < 0 || !(file = udfread_file_open(image, words[2])))
        return 2;
    while ((got = udfread_file_read(file, piece, sizeof piece)) > 0)
        fwrite(piece, 1, got, stdout);
    return got < 0;
}
