#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0
#
# Applies one patch of the series to a kernel source tree.
#
#   apply-edits.pl PATCH_DIR SOURCE_TREE STAGE_DIR
#
# PATCH_DIR/edits says what to change in existing files; PATCH_DIR/new/ holds
# files that are entirely ours.  Results are written below STAGE_DIR, which
# shadows SOURCE_TREE, so that a failure leaves the tree as it was.
#
# Every anchor is a pattern that has to match exactly one line of its scope.
# When it does not, the source has moved and the edit may no longer be right:
# we stop and say so instead of guessing.
#
# The language of an edits file, one directive per line:
#
#   file PATH                      following edits are for PATH
#   within /RE/ .. /RE/            ... and for the block between these lines
#   within file                    ... or for the file as a whole again
#   after /RE/                     insert the '+' lines below the anchor
#   before /RE/                    insert the '+' lines above the anchor
#   replace /RE/ [.. /RE/]         the '+' lines take the place of the block
#   delete /RE/ [.. /RE/]          remove the block
#   subst /RE/ => TEXT             change a part of the anchor line; $1.. allowed
#   +TEXT                          a line of our text
#   # TEXT                         a remark
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Find;
use File::Path qw(make_path);

my ($patch, $tree, $stage) = @ARGV;
die "usage: apply-edits.pl PATCH_DIR SOURCE_TREE STAGE_DIR\n" unless defined $stage;

my $where = 'edits';
my ($path, @lines, @scope);

sub fail {
	my ($why) = @_;
	die "$where: " . (defined $path ? "$path: " : '') . "$why\n";
}

sub read_lines {
	my ($name) = @_;
	open my $in, '<', $name or fail("cannot read $name: $!");
	my @all = <$in>;
	close $in;
	return @all;
}

sub open_file {
	my ($name) = @_;
	save_file();
	$path = $name;
	@scope = ();
	my $from = -e "$stage/$name" ? "$stage/$name" : "$tree/$name";
	fail('no such file in the source tree') unless -f $from;
	@lines = read_lines($from);
}

sub save_file {
	return unless defined $path;
	make_path(dirname("$stage/$path"));
	open my $out, '>', "$stage/$path" or fail("cannot write: $!");
	print $out @lines;
	close $out or fail("cannot write: $!");
}

# Index of the only line in [from, to] that matches.
sub only_match {
	my ($re, $from, $to) = @_;
	my @hits = grep { $lines[$_] =~ $re } $from .. $to;
	return $hits[0] if @hits == 1;
	my $at = @hits ? ' (lines ' . join(', ', map { $_ + 1 } @hits) . ')' : '';
	fail('anchor /' . source_of($re) . '/ matched ' . scalar(@hits) .
	     " lines$at, expected exactly one: the source has moved");
}

sub first_match {
	my ($re, $from, $to) = @_;
	for my $i ($from .. $to) {
		return $i if $lines[$i] =~ $re;
	}
	fail('no line matches /' . source_of($re) . '/ below line ' . $from .
	     ': the source has moved');
}

sub source_of {
	my ($re) = @_;
	my $text = "$re";
	$text =~ s/^\(\?\^[a-z]*:(.*)\)$/$1/s;
	return $text;
}

sub scope_range {
	return (0, $#lines) unless @scope;
	my $from = only_match($scope[0], 0, $#lines);
	return ($from, first_match($scope[1], $from + 1, $#lines));
}

# "/RE/" or "/RE/ .. /RE/" to one or two compiled patterns.
sub patterns_of {
	my ($text) = @_;
	my @found;
	my $one = qr{/((?:[^/\\]|\\.)+)/};
	if ($text =~ m{^$one(?:\s+\.\.\s+$one)?\s*$}) {
		push @found, qr/$1/;
		my $second = $2;
		push @found, qr/$second/ if defined $second;
	}
	fail("cannot read the pattern: $text") unless @found;
	return @found;
}

sub block_of {
	my ($text) = @_;
	my @re = patterns_of($text);
	my ($from, $to) = scope_range();
	my $start = only_match($re[0], $from, $to);
	return ($start, $start) if @re == 1;
	return ($start, first_match($re[1], $start + 1, $to));
}

sub substitute {
	my ($text) = @_;
	$text =~ m{^(/(?:[^/\\]|\\.)+/)\s+=>\s?(.*)$} or fail("cannot read: subst $text");
	my ($anchor, $new) = ($1, $2);
	my ($re) = patterns_of($anchor);
	my ($from, $to) = scope_range();
	my $at = only_match($re, $from, $to);
	my @group;
	$lines[$at] =~ $re;
	for my $n (1 .. $#+) {
		$group[$n] = substr($lines[$at], $-[$n], $+[$n] - $-[$n]) if defined $-[$n];
	}
	my ($begin, $length) = ($-[0], $+[0] - $-[0]);
	$new =~ s/\$(\d)/defined $group[$1] ? $group[$1] : ''/ge;
	substr($lines[$at], $begin, $length) = $new;
}

# Directives that take '+' lines wait here until those have been read.
my ($pending, @ours);

sub flush_pending {
	return unless $pending;
	my ($verb, $text) = @$pending;
	fail("$verb without a '+' line") unless @ours;
	my ($start, $end) = block_of($text);
	if ($verb eq 'after') {
		splice @lines, $end + 1, 0, @ours;
	} elsif ($verb eq 'before') {
		splice @lines, $start, 0, @ours;
	} else {
		splice @lines, $start, $end - $start + 1, @ours;
	}
	$pending = undef;
	@ours = ();
}

sub run_directive {
	my ($verb, $text) = @_;
	if ($verb eq 'file') {
		open_file($text);
	} elsif (!defined $path) {
		fail('a file directive has to come first');
	} elsif ($verb eq 'within') {
		@scope = $text eq 'file' ? () : patterns_of($text);
		fail('within needs a first and a last line') if @scope == 1;
	} elsif ($verb =~ /^(after|before|replace)$/) {
		$pending = [$verb, $text];
	} elsif ($verb eq 'delete') {
		my ($start, $end) = block_of($text);
		splice @lines, $start, $end - $start + 1;
	} elsif ($verb eq 'subst') {
		substitute($text);
	} else {
		fail("unknown directive: $verb");
	}
}

sub run_edits {
	my ($name) = @_;
	my $row = 0;
	for my $line (read_lines($name)) {
		$row++;
		chomp $line;
		if ($line =~ /^\+(.*)$/) {
			fail("a '+' line without after, before or replace") unless $pending;
			push @ours, "$1\n";
			next;
		}
		next if $line =~ /^\s*(#|$)/;
		flush_pending();
		$where = "$name:$row";
		$line =~ /^(\w+)\s+(.*?)\s*$/ or fail("cannot read: $line");
		run_directive($1, $2);
	}
	flush_pending();
	save_file();
	$path = undef;
}

sub add_new_files {
	my ($root) = @_;
	find({ no_chdir => 1, wanted => sub {
		return unless -f $_;
		my $name = substr($_, length("$root/"));
		$where = "$root/$name";
		fail('exists in the source tree already') if -e "$tree/$name" || -e "$stage/$name";
		make_path(dirname("$stage/$name"));
		copy($_, "$stage/$name") or fail("cannot copy: $!");
	} }, $root);
}

run_edits("$patch/edits") if -f "$patch/edits";
add_new_files("$patch/new") if -d "$patch/new";
