using Xunit;

namespace HipaaFs.Crypto.Tests;

/// <summary>Rings whose checksums are right and whose parts do not fit together: only someone who forges can make them.</summary>
public sealed class RingContentTests
{
    private static readonly byte[] MacKey = new byte[32];

    [Fact]
    public void Read_AConsistentRing_ReturnsIt()
    {
        RingContent content = Content();
        byte[] document = RingWriter.Write(content, MacKey);
        RingContent? read = Read(content);

        Assert.NotNull(read);
        Assert.Equal(document, RingWriter.Write(read, MacKey));
        Assert.Equal("läbel", read.Guards[0].Wraps[0].Label);
    }

    [Fact]
    public void Read_NoGenerationOrImpossibleTime_IsRefused()
    {
        AssertRefused(content => content.Generation = 0);
        AssertRefused(content => content.Created = -1);
        AssertRefused(content => content.Created = long.MaxValue);
        AssertRefused(content => content.Domains[0] = content.Domains[0] with { Created = long.MaxValue });
        AssertRefused(content => content.Keys[0] = content.Keys[0] with { Created = -1 });
    }

    [Fact]
    public void Read_GuardsThatDoNotFit_IsRefused()
    {
        AssertRefused(content => content.Guards.Clear());
        AssertRefused(content => content.Guards[0].Wraps.Clear());
        AssertRefused(content => content.Guards[0] = content.Guards[0] with { Id = 1 });
        AssertRefused(content => content.Guards.Add(new RingGuard(0, [Wrap("file")])));
        AssertRefused(content => content.Guards[0].Wraps.Add(content.Guards[0].Wraps[0]));
    }

    [Fact]
    public void Read_WrapsOutOfBounds_IsRefused()
    {
        AssertRefused(content => content.Guards[0].Wraps[0] = Wrap(string.Empty));
        AssertRefused(content => content.Guards[0].Wraps[0] = Wrap(new string('k', 33)));
        AssertRefused(content => content.Guards[0].Wraps[0] = Wrap("file") with { Label = new string('l', 129) });
        AssertRefused(content => content.Guards[0].Wraps[0] = Wrap("file") with { Created = -5 });
    }

    [Fact]
    public void Read_DomainsThatDoNotFit_IsRefused()
    {
        AssertRefused(content => content.Domains.Clear());
        AssertRefused(content => content.Domains[0] = content.Domains[0] with { State = RingDomainState.None });
        AssertRefused(content => content.Domains[0] = content.Domains[0] with { State = (RingDomainState)4 });
        AssertRefused(content => content.Domains[0] = content.Domains[0] with { CurrentEpoch = EpochId.NewRandom() });
        AssertRefused(content => content.Domains.Add(content.Domains[0]));
        AssertRefused(content => content.Domains.Add(content.Domains[0] with { Id = new DomainId(1) }));
    }

    [Fact]
    public void Read_KeysThatDoNotFit_IsRefused()
    {
        AssertRefused(content => content.Keys.RemoveAt(0));
        AssertRefused(content => content.Keys.RemoveAt(1));
        AssertRefused(content => content.Keys.Add(content.Keys[0]));
        AssertRefused(content => content.Keys.Add(content.Keys[0] with { Id = EpochId.NewRandom() }));
        AssertRefused(content => content.Keys[0] = content.Keys[0] with { Guard = 5 });
        AssertRefused(content => content.Keys[0] = content.Keys[0] with { Domain = new DomainId(5) });
        AssertRefused(content => content.Keys[0] = content.Keys[0] with { Kind = RingKeyKind.None });
        AssertRefused(content => content.Keys[0] = content.Keys[0] with { Kind = (RingKeyKind)3 });
    }

    [Fact]
    public void Read_AShreddedDomainWithoutKeys_IsFine()
    {
        RingContent content = Content();
        content.Domains.Add(new RingDomain(new DomainId(1), RingDomainState.Erased, 1, EpochId.NewRandom()));
        content.Domains.Add(new RingDomain(new DomainId(4), RingDomainState.Destroyed, 1, EpochId.NewRandom()));

        RingContent? read = Read(content);

        Assert.NotNull(read);
        Assert.Throws<KeyNotFoundException>(() => read.CurrentKey(new DomainId(1)));
    }

    [Fact]
    public void Read_ReservedBytesSet_IsRefused()
    {
        byte[] document = RingWriter.Write(Content(), MacKey);
        foreach (int offset in new[] { 10, 11, 92, 95 })
        {
            byte[] changed = [.. document];
            changed[offset] = 1;
            Assert.Null(RingReader.Read(changed));
        }
    }

    private static void AssertRefused(Action<RingContent> change)
    {
        RingContent content = Content();
        change(content);
        Assert.Null(Read(content));
    }

    private static RingContent? Read(RingContent content)
    {
        byte[] document = RingWriter.Write(content, MacKey);
        Assert.Equal(KeyRingError.None, RingReader.Check(document));
        return RingReader.Read(document);
    }

    private static RingContent Content()
    {
        var epoch = EpochId.NewRandom();
        var content = new RingContent { VolumeId = Guid.NewGuid(), Generation = 3, Created = 1, Previous = new byte[32] };
        content.Guards.Add(new RingGuard(RingGuard.Volume, [Wrap("file")]));
        content.Domains.Add(new RingDomain(DomainId.Root, RingDomainState.Live, 1, epoch));
        content.Keys.Add(new RingKey(RingKeyKind.NameSecret, DomainId.Root, 0, 1, EpochId.NewRandom(), new byte[KeyBox.Size]));
        content.Keys.Add(new RingKey(RingKeyKind.EpochRoot, DomainId.Root, 0, 1, epoch, new byte[KeyBox.Size]));
        return content;
    }

    private static RingWrap Wrap(string kind) => new(WrapId.NewRandom(), 1, "läbel", new WrappedKey(kind, new byte[3], new byte[5]));
}
