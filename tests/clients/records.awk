# The records that everybody writes: KEY<tab>VALUE. Some compress well, one is empty, one spans several blocks of every
# codec and does not compress.
BEGIN {
    srand(1)
    for (i = 0; i < 200; i++) printf "key-%d\t%d: %s\n", i % 50, i, repeated("the same words again and again, ", i % 12)
    printf "empty\t\n"
    printf "large\t%s\n", noise(300000)
}

function repeated(text, count,    out) {
    while (count-- > 0) out = out text
    return out
}

function noise(count,    out, alphabet) {
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"
    while (count-- > 0) out = out substr(alphabet, int(rand() * 64) + 1, 1)
    return out
}
