# SPDX-License-Identifier: GPL-2.0
#
# What the scripts/get_maintainer.pl of a tree says.  Required by others here.
#
# It takes a second, and is asked for the same files again and again.  Where
# MAINTAINERS_CACHE names a folder, answers about files are kept there.
use strict;
use warnings;

sub cached {
	my ($tree, @args) = @_;
	my $folder = $ENV{MAINTAINERS_CACHE};
	return undef if !defined $folder || $args[-2] ne '-f';
	my @state = (stat "$tree/MAINTAINERS")[7, 9];
	return "$folder/" . join '_', map { s{[^\w.-]}{_}gr } @state, @args;
}

# The lines it prints for the given arguments.
sub get_maintainer {
	my ($tree, @args) = @_;
	my $kept = cached($tree, @args);
	my @lines;

	if (defined $kept && open my $in, '<', $kept) {
		@lines = <$in>;
		chomp @lines;
		return @lines;
	}
	my $pid = open(my $out, '-|') // die "fork: $!\n";
	if (!$pid) {
		chdir $tree or die "$tree: $!\n";
		exec 'perl', 'scripts/get_maintainer.pl', '--no-git',
			'--no-git-fallback', '--no-fixes', @args or die "perl: $!\n";
	}
	@lines = <$out>;
	close $out or die "get_maintainer.pl failed for @args\n";
	if (defined $kept && open my $keep, '>', "$kept.$$") {
		print $keep @lines;
		close $keep and rename "$kept.$$", $kept;
	}
	chomp @lines;
	return @lines;
}

# Whether a file is in a section of MAINTAINERS.
sub is_in_section {
	my ($tree, $file, $section) = @_;
	return scalar grep { $_ eq $section } get_maintainer($tree, '--sections', '-f', $file);
}

1;
