#!/bin/bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# perl: hashes of strings, records, regular expressions and sorting.
set -eu
cd "$2"
if [ "$1" = prepare ]; then
    cat >work.pl <<'PERL'
use strict;
use warnings;
my %seen;
$seen{ $_ * 7919 % 100003 } .= "v" x ($_ % 30) for 1 .. 150000;
my $text = join " ", map { sprintf "%05d", $_ * 31 % 9973 } 1 .. 60000;
(my $copy = $text) =~ s/(\d)(\d)/$2$1/g;
my @records = map { { id => $_, list => [ 1 .. $_ % 10 ], text => "x" x ($_ % 60) } } 1 .. 30000;
my @sorted = sort { $a->{text} cmp $b->{text} or $b->{id} <=> $a->{id} } @records;
my %count;
$count{$_}++ for split / /, $text;
print scalar(keys %seen), " ", length($copy), " ", $sorted[777]{id}, " ", scalar(keys %count), "\n";
PERL
else
    exec perl work.pl
fi
