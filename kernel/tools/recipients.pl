#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0
#
# Who has to get a patch, and does the patch say so?
#
#   recipients.pl list  TREE PATCH...   "to NAME <ADDRESS>" and "cc ..." lines
#   recipients.pl check TREE PATCH      complain if one of those is missing
#
# Asks the scripts/get_maintainer.pl of TREE for the patch, and for every file
# of it, so that a file without an owner is noticed too.
use strict;
use warnings;

my ($verb, $tree, @patches) = @ARGV;
die "usage: recipients.pl list|check TREE PATCH...\n" unless @patches;

sub ask {
	my @args = @_;
	my @command = ('perl', 'scripts/get_maintainer.pl', '--no-git',
		    '--no-git-fallback', '--roles', @args);
	my $pid = open(my $out, '-|') // die "fork: $!\n";
	if (!$pid) {
		chdir $tree or die "$tree: $!\n";
		exec @command or die "perl: $!\n";
	}
	my @lines = <$out>;
	close $out or die "get_maintainer.pl failed for @args\n";
	chomp @lines;
	return @lines;
}

# "Name <address> (role:SECTION)" to [who, role]; lists have an address only.
sub parse {
	my ($line) = @_;
	$line =~ /^(.+?) \(((?:maintainer|supporter|reviewer|odd fixer|[a-z ]*list).*)\)$/
		or die "cannot read what get_maintainer.pl says: $line\n";
	return [$1, $2];
}

sub files_of {
	my ($patch) = @_;
	open my $in, '<', $patch or die "$patch: $!\n";
	my %seen;
	while (<$in>) {
		$seen{$1}++ if m{^\+\+\+ b/(\S+)} || m{^--- a/(\S+)};
	}
	close $in;
	return sort keys %seen;
}

sub address_of {
	my ($who) = @_;
	return lc($who =~ /<([^>]+)>/ ? $1 : $who);
}

sub everyone {
	my ($patch) = @_;
	my %found;
	for my $line (ask($patch)) {
		my ($who, $role) = @{ parse($line) };
		$found{address_of($who)} = [$role =~ /^(?:maintainer|supporter)/ ? 'to' : 'cc', $who];
	}
	for my $file (files_of($patch)) {
		# a file of the series itself, and the tree does not have the series
		next unless -e "$tree/$file";
		my @owners = grep { $_->[1] =~ /^(?:maintainer|supporter|reviewer)/ }
			map { parse($_) } ask('-f', $file);
		die "$patch: nobody maintains $file\n" unless @owners;
		for my $owner (@owners) {
			my ($who, $role) = @$owner;
			$found{address_of($who)} //=
				[$role =~ /^reviewer/ ? 'cc' : 'to', $who];
		}
	}
	return \%found;
}

sub headers_of {
	my ($patch) = @_;
	open my $in, '<', $patch or die "$patch: $!\n";
	local $/ = '';
	my $head = <$in>;
	close $in;
	$head =~ s/\n[ \t]+/ /g;
	return lc join "\n", grep { /^(?:To|Cc):/i } split /\n/, $head;
}

if ($verb eq 'list') {
	my %all;
	for my $patch (@patches) {
		my $found = everyone($patch);
		for my $address (keys %$found) {
			$all{$address} = $found->{$address}
				if !$all{$address} || $found->{$address}[0] eq 'to';
		}
	}
	print "$_->[0] $_->[1]\n"
		for sort { $a->[0] cmp $b->[0] || $a->[1] cmp $b->[1] } values %all;
} else {
	my $missing = 0;
	for my $patch (@patches) {
		my $found = everyone($patch);
		my $headers = headers_of($patch);
		for my $address (sort keys %$found) {
			next if index($headers, $address) >= 0;
			print STDERR "$patch: does not go to $found->{$address}[1]\n";
			$missing++;
		}
	}
	exit($missing ? 1 : 0);
}
