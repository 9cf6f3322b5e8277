using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed class FuseHandshakeTests
{
    private const uint AllLow = 0x7FFFFFFF;

    [Fact]
    public void Negotiate_NewKernel_GrantsWhatWasAskedFor()
    {
        var init = new FuseInitIn { Major = 7, Minor = 99, Flags = AllLow, Flags2 = uint.MaxValue, MaxReadahead = 131072 };

        FuseNegotiated negotiated = FuseHandshake.Negotiate(init, new FuseSessionOptions());

        Assert.True(negotiated.Has(FuseCapabilities.LocalFileSystem | FuseCapabilities.MaxPages | FuseCapabilities.BigWrites));
        Assert.False(negotiated.Has(FuseCapabilities.PosixLocks));
        Assert.Equal((45, 99, 1 << 20, 131072), (negotiated.Minor, negotiated.KernelMinor, negotiated.MaxRequestBytes, negotiated.MaxReadaheadBytes));
    }

    [Fact]
    public void Negotiate_KernelThatOffersLittle_GrantsNoMore()
    {
        var init = new FuseInitIn { Major = 7, Minor = 31, Flags = (uint)(FuseCapabilities.AsyncRead | FuseCapabilities.BigWrites) };

        FuseNegotiated negotiated = FuseHandshake.Negotiate(init, new FuseSessionOptions());

        Assert.Equal(FuseCapabilities.AsyncRead | FuseCapabilities.BigWrites, negotiated.Capabilities);
        Assert.Equal(128 * 1024, negotiated.MaxRequestBytes);
        Assert.Equal(31, negotiated.Minor);
    }

    [Fact]
    public void Negotiate_PassthroughBesideWritebackCache_IsNotGranted()
    {
        var init = new FuseInitIn { Major = 7, Minor = 45, Flags = AllLow, Flags2 = uint.MaxValue };
        FuseCapabilities wanted = FuseCapabilities.Passthrough | FuseCapabilities.WritebackCache;

        Assert.False(FuseHandshake.Negotiate(init, new FuseSessionOptions { Capabilities = wanted }).Has(FuseCapabilities.Passthrough));
        Assert.True(FuseHandshake.Negotiate(init, new FuseSessionOptions { Capabilities = FuseCapabilities.Passthrough }).Has(FuseCapabilities.Passthrough));
    }

    [Fact]
    public void Negotiate_WhatTheLibraryCannotServe_IsNeverAskedFor()
    {
        var init = new FuseInitIn { Major = 7, Minor = 45, Flags = AllLow, Flags2 = uint.MaxValue };

        FuseNegotiated negotiated = FuseHandshake.Negotiate(init, new FuseSessionOptions { Capabilities = (FuseCapabilities)ulong.MaxValue });

        Assert.Equal(FuseCapabilities.None, negotiated.Capabilities & (FuseCapabilities.OverIoUring | FuseCapabilities.SpliceRead | FuseCapabilities.InodeDax));
    }

    [Theory]
    [InlineData(0, 0UL, 0U)]
    [InlineData(-5, 0UL, 0U)]
    [InlineData(1500, 1UL, 500_000_000U)]
    public void Split_Time_IsSecondsAndNanoseconds(int milliseconds, ulong seconds, uint nanoseconds)
    {
        Assert.Equal((seconds, nanoseconds), FuseTimeout.Split(TimeSpan.FromMilliseconds(milliseconds)));
    }

    [Fact]
    public void Validate_Nonsense_NamesEveryProblem()
    {
        var problems = new List<string>();
        new FuseSessionOptions { MaxRequestBytes = 1000, Threads = 0, Subtype = "a,b", FileSystemName = "", MaxBackground = 0 }.Validate(problems);

        Assert.Equal(5, problems.Count);
    }

    [Fact]
    public void FusermountOptions_NameWithComma_IsEscaped()
    {
        string options = FuseMount.FusermountOptions(new FuseSessionOptions { FileSystemName = "a,b", Subtype = "x", AllowOther = true, ReadOnly = true });

        Assert.Equal("fsname=a\\,b,subtype=x,allow_other,default_permissions,ro,nosuid,nodev", options);
    }

    [Fact]
    public void Unescape_OctalOfMountinfo_IsUndone()
    {
        Assert.Equal("/a b\\ä", FuseMount.Unescape("/a\\040b\\134ä"));
    }
}
