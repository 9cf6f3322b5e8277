namespace HipaaFs.Cli.Policies;

/// <summary>Reads the fields of one rule, pattern or <c>defaults:</c>.</summary>
internal static class EntriesReader
{
    /// <summary>Reads those of some scopes; other keys are not looked at.</summary>
    public static PolicyEntries Read(PolicyReading reading, PolicyMapping mapping, PolicyScopes scopes)
    {
        var entries = new PolicyEntries();
        PolicyField[] fields = [.. PolicyFields.All.Where(field => (field.Scopes & scopes) != 0)];
        foreach (IGrouping<string, PolicyField> group in fields.GroupBy(static field => field.Head))
        {
            if (mapping.Find(group.Key) is not { } member)
            {
                continue;
            }

            if (group.First() is var single && single.Key == group.Key)
            {
                entries.Set(single, single.Read(reading, member.Value));
            }
            else
            {
                ReadGroup(reading, member.Value, [.. group], entries);
            }
        }

        return entries;
    }

    private static void ReadGroup(PolicyReading reading, PolicyNode node, PolicyField[] fields, PolicyEntries entries)
    {
        string[] keys = [.. fields.Select(static field => field.Key[(field.Head.Length + 1)..])];
        if (!reading.TryMapping(node, fields[0].Head, keys, out PolicyMapping? mapping))
        {
            foreach (PolicyField field in fields)
            {
                entries.Set(field, new PolicyEntry(null, node.Place, IsReadable: false));
            }

            return;
        }

        for (int index = 0; index < fields.Length; index++)
        {
            if (mapping.Find(keys[index]) is { } member)
            {
                entries.Set(fields[index], fields[index].Read(reading, member.Value));
            }
        }
    }
}
