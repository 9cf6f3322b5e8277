using Xunit;

namespace HipaaFs.Platform.Tests;

public sealed class UserDatabaseTests
{
    [Fact]
    public void TryFind_KnownAndUnknownUsers()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "users have no numbers here");

        Assert.True(UserDatabase.TryFind("root", out uint root));
        Assert.Equal(0u, root);
        string nobody = File.ReadLines("/etc/passwd").First(static line => line.StartsWith("nobody:", StringComparison.Ordinal));
        Assert.True(UserDatabase.TryFind("nobody", out uint uid));
        Assert.Equal(nobody.Split(':')[2], uid.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.False(UserDatabase.TryFind("no-such-user-at-all", out uint none));
        Assert.Equal(0u, none);
    }
}
