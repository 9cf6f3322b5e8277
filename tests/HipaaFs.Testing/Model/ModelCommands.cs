namespace HipaaFs.Testing.Model;

/// <summary>Makes runs out of a seed.</summary>
/// <remarks>Blind to the state they will meet: few names and few open files make them meet often, also where they must fail.</remarks>
public sealed class ModelCommands(int seed, IReadOnlyList<(ModelVerb Verb, int Weight)> weights)
{
    private const int MaxLength = 120_000;
    private static readonly string[] Names = ["a", "b", "c", "d"];
    private readonly Random _random = new(seed);
    private readonly int _total = weights.Sum(static weight => weight.Weight);

    /// <summary>How often each operation of a file system comes.</summary>
    public static IReadOnlyList<(ModelVerb Verb, int Weight)> Operations { get; } =
    [
        (ModelVerb.Create, 60), (ModelVerb.Open, 60), (ModelVerb.OpenTruncating, 10), (ModelVerb.OpenTemporary, 6), (ModelVerb.Close, 50),
        (ModelVerb.Read, 80), (ModelVerb.Write, 160), (ModelVerb.Append, 40), (ModelVerb.Truncate, 30), (ModelVerb.PunchHole, 12),
        (ModelVerb.ZeroRange, 8), (ModelVerb.ZeroRangeKeepSize, 8), (ModelVerb.Allocate, 8), (ModelVerb.AllocateKeepSize, 4), (ModelVerb.Copy, 16),
        (ModelVerb.SeekData, 8), (ModelVerb.SeekHole, 8), (ModelVerb.Fsync, 12), (ModelVerb.FsyncDirectory, 6), (ModelVerb.Sync, 5),
        (ModelVerb.MakeDirectory, 40), (ModelVerb.RemoveDirectory, 20), (ModelVerb.MakeFifo, 6), (ModelVerb.SymbolicLink, 10), (ModelVerb.ReadLink, 4),
        (ModelVerb.Link, 30), (ModelVerb.LinkOpen, 10), (ModelVerb.Unlink, 60), (ModelVerb.Rename, 60), (ModelVerb.RenameNoReplace, 12),
        (ModelVerb.Exchange, 16), (ModelVerb.SetXattr, 16), (ModelVerb.CreateXattr, 8), (ModelVerb.ReplaceXattr, 8), (ModelVerb.RemoveXattr, 8),
        (ModelVerb.GetXattr, 10), (ModelVerb.SetMode, 16), (ModelVerb.SetOwner, 10), (ModelVerb.SetTimes, 16), (ModelVerb.Stat, 30),
        (ModelVerb.Compare, 6),
    ];

    /// <summary>How often its snapshots are asked for, among as many operations.</summary>
    public static IReadOnlyList<(ModelVerb Verb, int Weight)> Snapshots { get; } =
    [
        (ModelVerb.TakeSnapshot, 8), (ModelVerb.DeleteSnapshot, 5), (ModelVerb.CompareSnapshot, 6),
    ];

    /// <summary>How often something happens to it, among as many operations.</summary>
    public static IReadOnlyList<(ModelVerb Verb, int Weight)> Accidents { get; } =
    [
        (ModelVerb.Remount, 1), (ModelVerb.Crash, 4), (ModelVerb.Wait, 10), (ModelVerb.Drain, 1), (ModelVerb.Restore, 1),
        (ModelVerb.BreakStore, 2), (ModelVerb.HealStore, 4), (ModelVerb.BreakDisk, 2), (ModelVerb.HealDisk, 8),
    ];

    public List<ModelCommand> Take(int count)
    {
        var commands = new List<ModelCommand>(count);
        while (commands.Count < count)
        {
            commands.Add(Next());
        }

        return commands;
    }

    private ModelCommand Next()
    {
        int ticket = _random.Next(_total);
        int chosen = 0;
        while (ticket >= weights[chosen].Weight)
        {
            ticket -= weights[chosen++].Weight;
        }

        int slot = _random.Next(ModelFileSystem.Slots);
        ModelVerb verb = weights[chosen].Verb;
        bool isXattr = verb is ModelVerb.SetXattr or ModelVerb.CreateXattr or ModelVerb.ReplaceXattr;
        return new ModelCommand(verb)
        {
            Path = verb is ModelVerb.OpenTemporary or ModelVerb.FsyncDirectory && _random.Next(2) == 0 ? string.Empty : Path(),
            NewPath = Path(),
            Slot = slot,
            NewSlot = _random.Next(ModelFileSystem.Slots),
            Offset = Offset(),
            NewOffset = Offset(),
            Length = isXattr ? _random.Next(1, 2000) : 1 + _random.Next(1 << _random.Next(1, 16)),
            Value = _random.Next() & (verb == ModelVerb.SetMode ? 0xBFF : 0x3FFFFFFF),
        };
    }

    private string Path()
    {
        string name = Names[_random.Next(Names.Length)];
        return _random.Next(20) switch
        {
            < 9 => name,
            < 16 => Names[_random.Next(Names.Length)] + "/" + name,
            _ => Names[_random.Next(Names.Length)] + "/" + Names[_random.Next(Names.Length)] + "/" + name,
        };
    }

    // Near the beginning and at the edges of pages, where mistakes live.
    private int Offset() => _random.Next(6) switch
    {
        0 => 0,
        1 => 16384 * _random.Next(6),
        2 => Math.Max(0, (16384 * _random.Next(6)) + _random.Next(-3, 4)),
        3 => _random.Next(MaxLength),
        _ => _random.Next(20_000),
    };
}
