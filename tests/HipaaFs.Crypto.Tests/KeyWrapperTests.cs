using System.Security.Cryptography;
using HipaaFs.Platform;
using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>What both providers have in common, and what each refuses.</summary>
public sealed class KeyWrapperTests : IDisposable
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] Context = "context"u8.ToArray();

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("file")]
    [InlineData("passphrase")]
    public async Task Unwrap_AfterWrap_ReturnsTheKey(string kind)
    {
        IKeyWrapper wrapper = Open(kind, "one");
        WrappedKey wrapped = await Wrap(wrapper);
        KeyWrapResult<SecretMemory> key = await wrapper.UnwrapAsync(wrapped, Context);

        Assert.Equal(kind, wrapped.Kind);
        Assert.True(key.Succeeded);
        Assert.Equal(Key, key.Value.GetSpan());
    }

    [Theory]
    [InlineData("file")]
    [InlineData("passphrase")]
    public async Task Wrap_Twice_GivesOtherBytes(string kind)
    {
        IKeyWrapper wrapper = Open(kind, "one");
        WrappedKey first = await Wrap(wrapper);
        WrappedKey second = await Wrap(wrapper);

        Assert.NotEqual(first.Parameters.ToArray(), second.Parameters.ToArray());
        Assert.NotEqual(first.Ciphertext.ToArray(), second.Ciphertext.ToArray());
    }

    [Theory]
    [InlineData("file")]
    [InlineData("passphrase")]
    public async Task Unwrap_AnotherKeyContextKindOrCiphertext_IsTheWrongKey(string kind)
    {
        IKeyWrapper wrapper = Open(kind, "one");
        WrappedKey wrapped = await Wrap(wrapper);
        byte[] damaged = wrapped.Ciphertext.ToArray();
        damaged[20] ^= 1;

        await AssertWrong(Open(kind, "two"), wrapped, Context);
        await AssertWrong(wrapper, wrapped, "another"u8.ToArray());
        await AssertWrong(wrapper, wrapped with { Kind = "other" }, Context);
        await AssertWrong(wrapper, wrapped with { Ciphertext = damaged }, Context);
        await AssertWrong(wrapper, wrapped with { Ciphertext = damaged.AsMemory(1) }, Context);
        await AssertWrong(wrapper, wrapped with { Parameters = default }, Context);
    }

    [Fact]
    public async Task Passphrase_Wrap_StoresIterationsAndSalt()
    {
        using var wrapper = new PassphraseKeyWrapper("secret"u8, 1234);
        WrappedKey wrapped = await Wrap(wrapper);

        Assert.Equal(4 + 32, wrapped.Parameters.Length);
        Assert.Equal(1234, BitConverter.ToInt32(wrapped.Parameters.Span));
        Assert.Equal(600_000, PassphraseKeyWrapper.DefaultIterations);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(100_000_001u)]
    [InlineData(uint.MaxValue)]
    public async Task Passphrase_IterationsOutOfRange_AreNotRun(uint iterations)
    {
        using var wrapper = new PassphraseKeyWrapper("secret"u8, 1000);
        WrappedKey wrapped = await Wrap(wrapper);
        byte[] parameters = wrapped.Parameters.ToArray();
        BitConverter.TryWriteBytes(parameters, iterations);

        await AssertWrong(wrapper, wrapped with { Parameters = parameters }, Context);
    }

    [Fact]
    public void Passphrase_EmptyLongOrWeaklyStretched_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new PassphraseKeyWrapper([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PassphraseKeyWrapper(new byte[1025]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PassphraseKeyWrapper("x"u8, 999));
    }

    [Fact]
    public async Task Passphrase_AfterDisposal_CannotBeUsed()
    {
        var wrapper = new PassphraseKeyWrapper("secret"u8, 1000);
        wrapper.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await wrapper.WrapAsync(Key, Context));
    }

    [Fact]
    public void Create_NewFile_IsPrivateAndDifferentEachTime()
    {
        Assert.True(FileKeyWrapper.Create(_directory["sub/a.key"]).Succeeded);
        Assert.True(FileKeyWrapper.Create(_directory["sub/b.key"]).Succeeded);

        Assert.NotEqual(File.ReadAllText(_directory["sub/a.key"]), File.ReadAllText(_directory["sub/b.key"]));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory["sub/a.key"]));
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                File.GetUnixFileMode(_directory["sub"]));
        }
    }

    [Fact]
    public void Create_WhereAFileIs_LeavesIt()
    {
        string path = _directory.WritePrivate("a.key", "anything");

        Assert.Equal(KeyError.KeyExists, FileKeyWrapper.Create(path).Error);
        Assert.Equal("anything", File.ReadAllText(path));
    }

    [Fact]
    public void Create_BelowAFile_IsRefused()
    {
        _directory.WritePrivate("file", "x");

        Assert.Equal(KeyError.KeyUnreadable, FileKeyWrapper.Create(_directory["file/a.key"]).Error);
    }

    [Fact]
    public async Task File_MissingDamagedOrLong_IsToldApart()
    {
        Assert.Equal(KeyError.KeyMissing, await ErrorOf(_directory["none.key"]));
        Assert.Equal(KeyError.KeyMissing, await ErrorOf(_directory["none/none.key"]));
        Assert.Equal(KeyError.KeyDamaged, await ErrorOf(_directory.WritePrivate("empty.key", string.Empty)));
        Assert.Equal(KeyError.KeyDamaged, await ErrorOf(_directory.WritePrivate("long.key", new string('x', 1000))));
        Assert.Equal(KeyError.KeyNewerFormat, await ErrorOf(_directory.WritePrivate("new.key", "hipaafs-key-2\n")));
        Assert.Equal(KeyError.KeyUnreadable, await ErrorOf(_directory.Location));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherExecute)]
    public async Task File_OthersCanTouch_IsRefused(UnixFileMode extra)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs permission bits");
        string path = _directory["a.key"];
        FileKeyWrapper.Create(path);
        TemporaryDirectory.SetMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | extra);

        Assert.Equal(KeyError.KeyExposed, await ErrorOf(path));
    }

    [Fact]
    public void Describe_EveryError_HasASentenceOfItsOwn()
    {
        KeyError[] errors = Enum.GetValues<KeyError>();

        Assert.Equal(errors.Length, errors.Select(KeyErrors.Describe).Distinct().Count());
    }

    [Fact]
    public void KeyWrapResult_OfNoError_CannotBeAFailure()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeyWrapResult<string>(KeyError.None));
        Assert.Throws<ArgumentNullException>(() => new KeyWrapResult<string>((string)null!));
    }

    private static async Task<WrappedKey> Wrap(IKeyWrapper wrapper)
    {
        KeyWrapResult<WrappedKey> wrapped = await wrapper.WrapAsync(Key, Context);
        Assert.True(wrapped.Succeeded);
        return wrapped.Value;
    }

    private static async Task AssertWrong(IKeyWrapper wrapper, WrappedKey wrapped, byte[] context)
    {
        KeyWrapResult<SecretMemory> key = await wrapper.UnwrapAsync(wrapped, context);
        Assert.Equal(KeyError.WrongKey, key.Error);
        Assert.Null(key.Value);
    }

    private static async Task<KeyError> ErrorOf(string path)
    {
        var wrapper = new FileKeyWrapper(path);
        KeyWrapResult<SecretMemory> unwrapped = await wrapper.UnwrapAsync(new WrappedKey("file", new byte[32], new byte[60]), Context);
        KeyWrapResult<WrappedKey> wrapped = await wrapper.WrapAsync(Key, Context);
        Assert.Equal(unwrapped.Error, wrapped.Error);
        return wrapped.Error;
    }

    private IKeyWrapper Open(string kind, string name)
    {
        if (kind == "passphrase")
        {
            return new PassphraseKeyWrapper(System.Text.Encoding.UTF8.GetBytes(name), 1000);
        }

        FileKeyWrapper.Create(_directory[name]);
        return new FileKeyWrapper(_directory[name]);
    }
}
