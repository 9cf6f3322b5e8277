using HipaaFs.FaultFs.Disk;

namespace HipaaFs.FaultFs.Crash;

/// <summary>What of one file is on the disk for certain, and what is only on its way there.</summary>
internal sealed class DurableNode
{
    private const int SectorSize = 512;

    private PagedContent _durable;
    private readonly List<DiskOperation> _pending = [];

    internal DurableNode(PagedContent durable) => _durable = durable;

    /// <summary>Whether a sync of the data alone must take the size along.</summary>
    internal bool SizeChanged => Current().Length != _durable.Length;

    internal void Add(DiskOperation operation) => _pending.Add(operation);

    internal void Sync()
    {
        _durable = Current();
        _pending.Clear();
    }

    /// <summary>What was on its way is lost for ever.</summary>
    internal void Lose() => _pending.Clear();

    /// <summary>What is found after the crash.</summary>
    internal PagedContent After(CrashKind kind, Random dice) => kind switch
    {
        CrashKind.All or CrashKind.Data => Current(),
        CrashKind.None or CrashKind.Names => _durable,
        _ => Thrown(dice),
    };

    private PagedContent Current()
    {
        PagedContent content = _durable.Copy();
        foreach (DiskOperation operation in _pending)
        {
            Apply(content, operation);
        }

        return content;
    }

    private PagedContent Thrown(Random dice)
    {
        PagedContent content = _durable.Copy();
        double chance = dice.Next(4) switch { 0 => 0, 1 => 1, _ => dice.NextDouble() };
        foreach (DiskOperation operation in _pending)
        {
            if (operation is WriteOperation write)
            {
                ApplySectors(content, write, chance, dice);
            }
            else if (dice.NextDouble() < chance)
            {
                Apply(content, operation);
            }
            else
            {
                break; // What is written after a change of the file's blocks cannot be there before that change.
            }
        }

        return content;
    }

    private static void ApplySectors(PagedContent content, WriteOperation write, double chance, Random dice)
    {
        int at = 0;
        while (at < write.Data.Length)
        {
            int length = Math.Min(SectorSize - (int)((write.Offset + at) % SectorSize), write.Data.Length - at);
            if (dice.NextDouble() < chance)
            {
                content.Write(write.Offset + at, write.Data.AsSpan(at, length));
            }

            at += length;
        }
    }

    private static void Apply(PagedContent content, DiskOperation operation)
    {
        switch (operation)
        {
            case WriteOperation write:
                content.Write(write.Offset, write.Data);
                break;
            case TruncateOperation truncate:
                content.SetLength(truncate.Length);
                break;
            case ClearOperation clear:
                content.Clear(clear.Offset, clear.Length);
                break;
            default:
                throw new InvalidOperationException("not a change of content");
        }
    }
}
