using HipaaFs.Cli.Frontends;
using HipaaFs.Fuse;
using Xunit;

namespace HipaaFs.Cli.Tests.Frontends;

public sealed class FsErrorsTests
{
    public static TheoryData<FsError> All => [.. Enum.GetValues<FsError>()];

    [Theory]
    [MemberData(nameof(All))]
    public void ToErrno_EveryError_HasOne(FsError error)
    {
        int errno = error.ToErrno();

        Assert.Equal(error == FsError.None, errno == 0);
        Assert.InRange(errno, 0, 133);
    }

    [Theory]
    [InlineData(FsError.NotFound, Errno.ENOENT)]
    [InlineData(FsError.Archived, Errno.EREMOTE)]
    [InlineData(FsError.NotAuthentic, Errno.EIO)]
    [InlineData(FsError.KeyUnavailable, Errno.ENOKEY)]
    [InlineData(FsError.CrossDomain, Errno.EXDEV)]
    [InlineData(FsError.NoAttribute, Errno.ENODATA)]
    [InlineData(FsError.NotImplemented, Errno.ENOSYS)]
    public void ToErrno_Contract_Holds(FsError error, int errno) => Assert.Equal(errno, error.ToErrno());
}
