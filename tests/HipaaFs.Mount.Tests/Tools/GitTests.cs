using HipaaFs.Testing.Mounts;
using Xunit;

namespace HipaaFs.Mount.Tests.Tools;

/// <summary>git works on a mount.</summary>
public sealed class GitTests(SharedMount mount) : IClassFixture<SharedMount>
{
    private const string Trust = "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' GIT_CONFIG_NOSYSTEM=1\n";

    [Fact]
    public async Task Clone_OfThisRepository_HasItsTreeAndPassesFsck()
    {
        MountPrerequisites.RequirePrograms("git");
        string root = Repository.Root;
        if (!Path.Exists(Path.Combine(root, ".git")))
        {
            Assert.Skip("needs a git checkout of the sources");
        }

        string expected = await Shell.CheckAsync(Trust + "git rev-parse HEAD^{tree}", root);
        string directory = await mount.NewDirectoryAsync();

        string actual = await Shell.CheckAsync(
            Trust + $"""
            git clone --quiet --no-local 'file://{root}' clone > /dev/null
            cd clone
            git fsck --full --no-progress > /dev/null
            test -z "$(git status --porcelain)"
            git rev-parse HEAD^{"{"}tree{"}"}
            """,
            directory,
            ChildProcess.LongTimeout);

        Assert.Equal(expected, actual);
    }

    [Fact]
    public Task History_MadeOnAMount_HasTheHashesOfTheLocalDisk()
    {
        MountPrerequisites.RequirePrograms("git");

        // .git holds times and inode numbers, so hashes are compared and the directory is not.
        return ToolRun.SameOnLocalDiskAndMountAsync(mount, input: null, Trust + """
            export GIT_AUTHOR_DATE='2026-01-02T03:04:05Z' GIT_COMMITTER_DATE='2026-01-02T03:04:05Z'
            export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
            git init -q -b main r && cd r
            for i in $(seq 60); do
                mkdir -p d$((i % 7)); seq $i $((i * 40)) > d$((i % 7))/f$i; git add -A; git commit -q -m "commit $i"
            done
            git checkout -q -b side HEAD~20; echo side > side; git add -A; git commit -q -m side
            git checkout -q main; git merge -q -m merge side
            git repack -q -a -d; git gc -q --prune=now; git fsck --full --no-progress
            git log --format=%H%T | sha256sum
            git status --porcelain
            rm -rf .git
            """, ChildProcess.LongTimeout);
    }
}
