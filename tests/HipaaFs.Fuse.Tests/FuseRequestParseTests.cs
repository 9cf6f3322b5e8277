using HipaaFs.Fuzz.Fuse;
using Xunit;

namespace HipaaFs.Fuse.Tests;

public sealed unsafe class FuseRequestParseTests : IDisposable
{
    private readonly RequestBlock _block = new(64 * 1024);
    private readonly FuseRequest _request;

    public FuseRequestParseTests()
    {
        _request = new FuseRequest(_block);
    }

    public static TheoryData<int> Opcodes() => [.. Enumerable.Range(0, FuseMessages.Corpus.Count)];

    public void Dispose() => ((IDisposable)_block).Dispose();

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Parse_WellFormedRequest_IsAccepted(int index)
    {
        Assert.Equal(0, Parse(FuseMessages.Corpus[index]));
        Assert.Equal(100UL, _request.Unique);
        Assert.Equal(7UL, _request.NodeId);
        Assert.Equal(1000U, _request.Uid);
        Assert.Equal(100U, _request.Gid);
        Assert.Equal(4711U, _request.Pid);
    }

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Parse_TruncatedAnywhere_IsRefused(int index)
    {
        byte[] whole = FuseMessages.Corpus[index];
        RequestShape.TryGet((FuseOpcode)BitConverter.ToInt32(whole, 4), out RequestShape shape);
        int least = FuseMessages.HeaderSize + shape.ArgumentSize;
        for (int length = 0; length < whole.Length; length++)
        {
            // INIT may end early: older kernels have less to say.
            bool complete = shape.Names == 0 && shape.Tail == RequestTail.None && length >= least;
            byte[] cut = whole[..length];
            if (length >= 4)
            {
                BitConverter.TryWriteBytes(cut, length);
            }

            Assert.Equal(complete, Parse(cut) == 0);
        }
    }

    [Fact]
    public void Corpus_HasEveryOpcode()
    {
        IEnumerable<FuseOpcode> covered = FuseMessages.Corpus.Select(message => (FuseOpcode)BitConverter.ToInt32(message, 4));

        Assert.Equal(Enum.GetValues<FuseOpcode>().Where(opcode => opcode != FuseOpcode.None).Order(), covered.Order());
    }

    [Fact]
    public void Parse_LengthThatLies_IsEio()
    {
        byte[] message = FuseMessages.Build(FuseOpcode.StatFs);
        message[0]++;

        Assert.Equal(Errno.EIO, Parse(message));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(54)]
    [InlineData(4096)]
    [InlineData(-1)]
    public void Parse_UnknownOpcode_IsEnosys(int opcode)
    {
        Assert.Equal(Errno.ENOSYS, Parse(FuseMessages.Build((FuseOpcode)opcode)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("/")]
    [InlineData(".")]
    [InlineData("..")]
    public void Parse_CreateOfImpossibleName_IsEinval(string name)
    {
        byte[] message = FuseMessages.Build(FuseOpcode.MkDir, FuseMessages.Bytes(default(FuseMkDirIn)), FuseMessages.Name(name));

        Assert.Equal(Errno.EINVAL, Parse(message));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    public void Parse_LookupOfDots_IsAccepted(string name)
    {
        Assert.Equal(0, Parse(FuseMessages.Build(FuseOpcode.Lookup, FuseMessages.Name(name))));
    }

    [Fact]
    public void Parse_Rename_GivesBothNames()
    {
        byte[] message = FuseMessages.Build(
            FuseOpcode.Rename, FuseMessages.Bytes(new FuseRenameIn { NewParent = 9 }), FuseMessages.Name("old"), FuseMessages.Name("newer"));

        Assert.Equal(0, Parse(message));
        Assert.Equal(2, _request.NameCount);
        Assert.Equal("old"u8, _request.Name(0));
        Assert.Equal("newer"u8, _request.Name(1));
        Assert.Equal(9UL, _request.Argument<FuseRenameIn>().NewParent);
        Assert.Throws<ArgumentOutOfRangeException>(() => _request.Name(2).Length);
    }

    [Fact]
    public void Parse_SymlinkTarget_MayBeAnyPath()
    {
        Assert.Equal(0, Parse(FuseMessages.Build(FuseOpcode.SymLink, FuseMessages.Name("link"), FuseMessages.Name("../a/b"))));
        Assert.Equal("../a/b"u8, _request.Name(1));
    }

    [Fact]
    public void Parse_Write_GivesAlignedDataInPlace()
    {
        byte[] data = new byte[4096];
        Random.Shared.NextBytes(data);
        Assert.Equal(0, Parse(FuseMessages.Build(FuseOpcode.Write, FuseMessages.Bytes(new FuseWriteIn { Size = 4096 }), data)));

        Assert.Equal(data, _request.Data);
        Assert.Equal(data, _request.DataMemory.Span);
        using System.Buffers.MemoryHandle handle = _request.DataMemory.Pin();
        Assert.Equal(0, (nint)handle.Pointer % 4096);
    }

    [Fact]
    public void Parse_WriteOfMoreThanItCarries_IsEinval()
    {
        Assert.Equal(Errno.EINVAL, Parse(FuseMessages.Build(FuseOpcode.Write, FuseMessages.Bytes(new FuseWriteIn { Size = 9 }), new byte[8])));
    }

    [Theory]
    [InlineData(64 * 1024, 0)]
    [InlineData((64 * 1024) + 1, Errno.EINVAL)]
    [InlineData(uint.MaxValue, Errno.EINVAL)]
    public void Parse_ReadSize_IsLimitedByTheBlock(uint size, int expected)
    {
        Assert.Equal(expected, Parse(FuseMessages.Build(FuseOpcode.Read, FuseMessages.Bytes(new FuseReadIn { Size = size }))));
    }

    [Fact]
    public void Parse_BatchForgetOfMoreThanItCarries_IsEinval()
    {
        byte[] message = FuseMessages.Build(
            FuseOpcode.BatchForget, FuseMessages.Bytes(new FuseBatchForgetIn { Count = uint.MaxValue }), FuseMessages.Bytes(default(FuseForgetOne)));

        Assert.Equal(Errno.EINVAL, Parse(message));
    }

    [Fact]
    public void Parse_BatchForget_GivesAll()
    {
        byte[] message = FuseMessages.Build(
            FuseOpcode.BatchForget,
            FuseMessages.Bytes(new FuseBatchForgetIn { Count = 2 }),
            FuseMessages.Bytes(new FuseForgetOne { NodeId = 5, LookupCount = 6 }),
            FuseMessages.Bytes(new FuseForgetOne { NodeId = 7, LookupCount = 8 }));

        Assert.Equal(0, Parse(message));
        Assert.Equal([(5UL, 6UL), (7UL, 8UL)], _request.Forgets.ToArray().Select(one => (one.NodeId, one.LookupCount)));
    }

    [Fact]
    public void Parse_SetXattrOfOldKernel_IsWidened()
    {
        byte[] old = FuseMessages.Build(
            FuseOpcode.SetXattr, BitConverter.GetBytes(3), BitConverter.GetBytes(1), FuseMessages.Name("user.long-attribute-name"), [7, 8, 9]);

        Assert.Equal(0, Parse(old, setXattrExtended: false));
        FuseSetXattrIn argument = _request.Argument<FuseSetXattrIn>();
        Assert.Equal((3U, 1U, FuseSetXattrFlags.None), (argument.Size, argument.Flags, argument.SetXattrFlags));
        Assert.Equal("user.long-attribute-name"u8, _request.Name(0));
        Assert.Equal(new byte[] { 7, 8, 9 }, _request.Data);
    }

    [Fact]
    public void Parse_SupplementaryGroup_IsFound()
    {
        byte[] extension = [.. BitConverter.GetBytes(16), .. BitConverter.GetBytes(32), .. BitConverter.GetBytes(1), .. BitConverter.GetBytes(555)];
        byte[] message = FuseMessages.Build(
            FuseOpcode.MkDir, FuseMessages.Bytes(default(FuseMkDirIn)), FuseMessages.Name("directo"), extension);
        message[36] = 2;

        Assert.Equal(0, Parse(message));
        Assert.True(_request.TryGetSupplementaryGroup(out uint group));
        Assert.Equal(555U, group);
    }

    [Fact]
    public void Parse_ExtensionLargerThanTheMessage_IsEinval()
    {
        byte[] message = FuseMessages.Build(FuseOpcode.MkDir, FuseMessages.Bytes(default(FuseMkDirIn)), FuseMessages.Name("d"));
        message[36] = 100;

        Assert.Equal(Errno.EINVAL, Parse(message));
    }

    [Fact]
    public void Argument_OfAnotherRequest_Throws()
    {
        Parse(FuseMessages.Build(FuseOpcode.Open, FuseMessages.Bytes(default(FuseOpenIn))));

        Assert.Throws<InvalidOperationException>(() => _request.Argument<FuseReadIn>().Size);
    }

    private int Parse(byte[] message, bool setXattrExtended = true)
    {
        message.CopyTo(new Span<byte>(_request.MessageBuffer, message.Length));
        return _request.Parse(message.Length, setXattrExtended);
    }
}
