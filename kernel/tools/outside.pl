#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0
#
# Counts the lines that patches change outside of DAMON.
#
#   outside.pl count TREE PATCH...         one row for each file
#   outside.pl check TREE DOC PATCH...     is the table in DOC the same?
#   outside.pl files TREE PATCH...         the names only
#
# A row is: file, added lines, how many of those are comments or blank, removed
# lines, numbers of the patches.  What belongs to DAMON is what TREE's own
# MAINTAINERS says; files that TREE does not have are new ones of the series.
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/maintainers.pl";

my ($verb, $tree, @rest) = @ARGV;
my $doc = defined $verb && $verb eq 'check' ? shift @rest : undef;
die "usage: outside.pl count|files TREE PATCH... | check TREE DOC PATCH...\n"
	unless defined $verb && $verb =~ /^(?:count|check|files)$/ && @rest;

my %known;

sub is_damons {
	my ($file) = @_;
	return $known{$file} //= is_in_section($tree, $file, 'DAMON');
}

# Lines of comments, as the kernel writes them, and blank ones.
sub says_nothing {
	my ($line) = @_;
	return $line =~ m{^\s*(?:/\*.*|\*(?:[\s/].*)?)?$} || $line =~ m{^\s*\*/};
}

my %rows;
for my $patch (@rest) {
	my ($number) = $patch =~ m{(?:^|/)(?:v\d+-)?(\d{4})-[^/]*$};
	die "$patch: no number in its name\n" unless defined $number;
	open my $in, '<', $patch or die "$patch: $!\n";
	my ($file, $in_hunk);
	while (my $line = <$in>) {
		chomp $line;
		if ($line =~ m{^diff --git a/(\S+) b/}) {
			($file, $in_hunk) = ($1, 0);
		} elsif ($line =~ /^\@\@ /) {
			$in_hunk = 1;
		} elsif ($line eq '-- ') {
			$in_hunk = 0;
		} elsif ($in_hunk && $line =~ /^([-+])(.*)$/) {
			next if !-e "$tree/$file" || is_damons($file);
			my ($sign, $text) = ($1, $2);
			$rows{$file}{$sign}++;
			$rows{$file}{nothing}++ if $sign eq '+' && says_nothing($text);
			$rows{$file}{patches}{ $number + 0 } = 1;
		}
	}
	close $in;
}

my @counted = map {
	my $row = $rows{$_};
	join ' | ', "`$_`", map({ $_ // 0 } $row->{'+'}, $row->{nothing}, $row->{'-'}),
		join(', ', sort { $a <=> $b } keys %{ $row->{patches} });
} sort keys %rows;

if ($verb eq 'files') {
	print "$_\n" for sort keys %rows;
	exit 0;
}
if ($verb eq 'count') {
	print "| $_ |\n" for @counted;
	exit 0;
}

open my $in, '<', $doc or die "$doc: $!\n";
my @written = map { m{^\| (`[^`]+` \| \d+ \| \d+ \| \d+ \| [\d, ]+) \|} ? $1 : () } <$in>;
close $in;
my %in_doc = map { $_ => 1 } @written;
my %in_patches = map { $_ => 1 } @counted;
my @wrong = ((map { "missing: $_" } grep { !$in_doc{$_} } @counted),
	(map { "not so: $_" } grep { !$in_patches{$_} } @written));
print STDERR "$doc: $_\n" for @wrong;
exit(@wrong ? 1 : 0);
