#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0
#
# Who has to get a patch, and does the patch say so?
#
#   recipients.pl list  TREE PATCH...   "to NAME <ADDRESS>" and "cc ..." lines
#   recipients.pl check TREE PATCH...   complain if one of those is missing
#   recipients.pl check-cover TREE LETTER PATCH...
#                                       ... of any of the patches in LETTER
#
# Asks the scripts/get_maintainer.pl of TREE for the patch, and for every file
# of it, so that a file without an owner is noticed too.
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/maintainers.pl";

my ($verb, $tree, @patches) = @ARGV;
my $letter = defined $verb && $verb eq 'check-cover' ? shift @patches : undef;
die "usage: recipients.pl list|check|check-cover TREE [LETTER] PATCH...\n" unless @patches;

sub ask {
	return get_maintainer($tree, '--roles', @_);
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
	my %missing;
	for my $patch (@patches) {
		my $found = everyone($patch);
		my $headers = headers_of($letter // $patch);
		for my $address (sort keys %$found) {
			next if index($headers, $address) >= 0;
			my $what = $letter // $patch;
			$missing{"$what: does not go to $found->{$address}[1]\n"} = 1;
		}
	}
	print STDERR sort keys %missing;
	exit(%missing ? 1 : 0);
}
