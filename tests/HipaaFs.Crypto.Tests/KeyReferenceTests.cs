using HipaaFs.Platform;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace HipaaFs.Crypto.Tests;

public sealed class KeyReferenceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("file:/etc/hipaafs/a.key", KeyReferenceKind.File, "file")]
    [InlineData("file:relative:with colon.key", KeyReferenceKind.File, "file")]
    [InlineData("passphrase:", KeyReferenceKind.PassphraseTerminal, "passphrase")]
    [InlineData("passphrase:file:/run/secret", KeyReferenceKind.PassphraseFile, "passphrase")]
    [InlineData("passphrase:fd:3", KeyReferenceKind.PassphraseDescriptor, "passphrase")]
    public void TryParse_AReference_IsWrittenTheSameWay(string text, KeyReferenceKind kind, string wrapKind)
    {
        Assert.True(KeyReference.TryParse(text, out KeyReference? reference, out string? problem));
        Assert.Null(problem);
        Assert.Equal(kind, reference.Kind);
        Assert.Equal(wrapKind, reference.WrapKind);
        Assert.Equal(text, reference.ToString());
    }

    [Fact]
    public void TryParse_AReference_GivesPathAndDescriptor()
    {
        Assert.True(KeyReference.TryParse("file:a:b", out KeyReference? file, out _));
        Assert.True(KeyReference.TryParse("passphrase:fd:12", out KeyReference? descriptor, out _));

        Assert.Equal("a:b", file.Path);
        Assert.Equal(-1, file.Descriptor);
        Assert.Null(descriptor.Path);
        Assert.Equal(12, descriptor.Descriptor);
        Assert.Equal("file:x", KeyReference.ForFile("x").ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("file:")]
    [InlineData("file:a\0b")]
    [InlineData("passphrase:file:")]
    [InlineData("passphrase:fd:")]
    [InlineData("passphrase:fd:-1")]
    [InlineData("passphrase:fd:x")]
    [InlineData("passphrase")]
    [InlineData("/etc/hipaafs/a.key")]
    [InlineData("FILE:/a")]
    public void TryParse_OtherText_SaysWhatIsWrong(string? text)
    {
        Assert.False(KeyReference.TryParse(text, out KeyReference? reference, out string? problem));
        Assert.Null(reference);
        Assert.NotEmpty(problem);
    }

    [Theory]
    [InlineData("pkcs11:token=hfs;object=kek")]
    [InlineData("awskms:arn:aws:kms:eu-central-1:1:key/x")]
    [InlineData("azurekv:https://vault/keys/kek")]
    [InlineData("vault:https://vault/transit/kek")]
    public void TryParse_AProviderOfALaterVersion_SaysSo(string text)
    {
        Assert.False(KeyReference.TryParse(text, out _, out string? problem));
        Assert.Contains("not supported in this version", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_APassphraseInTheReference_IsNotRepeated()
    {
        Assert.False(KeyReference.TryParse("passphrase:hunter2", out _, out string? problem));
        Assert.DoesNotContain("hunter2", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secret")]
    [InlineData("secret\n")]
    [InlineData("secret\r\n")]
    public async Task Open_PassphraseFile_LeavesOneLineEndOut(string content)
    {
        using var expected = new PassphraseKeyWrapper("secret"u8, 1000);
        IKeyWrapper opened = OpenValue("passphrase:file:" + _directory.WritePrivate("p", content));

        await AssertSameKey(expected, opened);
    }

    [Fact]
    public async Task Open_PassphraseFile_KeepsEverythingElse()
    {
        using var expected = new PassphraseKeyWrapper(" secret\n"u8, 1000);
        IKeyWrapper opened = OpenValue("passphrase:file:" + _directory.WritePrivate("p", " secret\n\n"));

        await AssertSameKey(expected, opened);
    }

    [Fact]
    public async Task Open_Descriptor_ReadsItToItsEnd()
    {
        string path = _directory.WritePrivate("p", "secret\n");
        using SafeFileHandle file = File.OpenHandle(path);
        using var expected = new PassphraseKeyWrapper("secret"u8, 1000);

        await AssertSameKey(expected, OpenValue($"passphrase:fd:{file.DangerousGetHandle()}"));
    }

    [Fact]
    public async Task Open_Terminal_AsksForThePassphrase()
    {
        using var expected = new PassphraseKeyWrapper("secret"u8, 1000);
        Assert.True(KeyReference.TryParse("passphrase:", out KeyReference? reference, out _));
        KeyWrapResult<IKeyWrapper> opened = reference.Open(() => new SecretMemory("secret"u8), 1000);

        Assert.True(opened.Succeeded);
        await AssertSameKey(expected, opened.Value);
    }

    [Fact]
    public void Open_WithoutAPassphrase_SaysSo()
    {
        Assert.Equal(KeyError.NoPassphrase, Open("passphrase:").Error);
        Assert.Equal(KeyError.NoPassphrase, Open("passphrase:file:" + _directory.WritePrivate("empty", "\n")).Error);
        Assert.Equal(KeyError.NoPassphrase, Open("passphrase:file:" + _directory.WritePrivate("long", new string('x', 1025))).Error);
        Assert.Equal(KeyError.NoPassphrase, Open("passphrase:file:" + _directory.WritePrivate("longer", new string('x', 5000))).Error);
        Assert.Equal(KeyError.KeyMissing, Open("passphrase:file:" + _directory["none"]).Error);
        Assert.Equal(KeyError.KeyUnreadable, Open("passphrase:fd:99999").Error);
    }

    [Fact]
    public void Open_LongestPassphrase_IsTaken() =>
        Assert.True(Open("passphrase:file:" + _directory.WritePrivate("p", new string('x', 1024) + "\r\n")).Succeeded);

    [Fact]
    public void Open_PassphraseFileOthersCanRead_IsRefused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs permission bits");
        string path = _directory.WritePrivate("p", "secret");
        TemporaryDirectory.SetMode(path, UnixFileMode.UserRead | UnixFileMode.OtherRead);

        Assert.Equal(KeyError.KeyExposed, Open("passphrase:file:" + path).Error);
    }

    [Fact]
    public async Task Open_KeyFile_WrapsWithIt()
    {
        string path = _directory["a.key"];
        FileKeyWrapper.Create(path);

        await AssertSameKey(new FileKeyWrapper(path), OpenValue("file:" + path));
    }

    private static KeyWrapResult<IKeyWrapper> Open(string text)
    {
        Assert.True(KeyReference.TryParse(text, out KeyReference? reference, out _));
        return reference.Open(iterations: 1000);
    }

    private static IKeyWrapper OpenValue(string text)
    {
        KeyWrapResult<IKeyWrapper> opened = Open(text);
        Assert.Equal(KeyError.None, opened.Error);
        return opened.Value!;
    }

    private static async Task AssertSameKey(IKeyWrapper one, IKeyWrapper other)
    {
        KeyWrapResult<WrappedKey> wrapped = await one.WrapAsync(new byte[32], default);
        KeyWrapResult<SecretMemory> key = await other.UnwrapAsync(wrapped.Value!, default);
        Assert.True(key.Succeeded);
        Assert.Equal(new byte[32], key.Value.GetSpan());
    }
}
