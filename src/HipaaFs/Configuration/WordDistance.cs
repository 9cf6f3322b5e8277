namespace HipaaFs.Cli.Configuration;

/// <summary>How far two words are apart, to guess which one was meant.</summary>
internal static class WordDistance
{
    /// <summary>Least number of letters to insert, delete or replace (Levenshtein).</summary>
    public static int Between(string first, string second)
    {
        int[] row = new int[second.Length + 1];
        for (int column = 0; column <= second.Length; column++)
        {
            row[column] = column;
        }

        for (int line = 1; line <= first.Length; line++)
        {
            int diagonal = row[0];
            row[0] = line;
            for (int column = 1; column <= second.Length; column++)
            {
                int replace = diagonal + (first[line - 1] == second[column - 1] ? 0 : 1);
                diagonal = row[column];
                row[column] = Math.Min(replace, Math.Min(row[column], row[column - 1]) + 1);
            }
        }

        return row[second.Length];
    }

    /// <summary>The word that was probably meant; null when half of the letters of the nearest are others: then it is another word.</summary>
    public static string? FindNearest(string word, IEnumerable<string> known)
    {
        string? nearest = null;
        int best = 1 + Math.Max(1, word.Length / 2);
        foreach (string candidate in known)
        {
            int distance = Between(word, candidate);
            if (distance < best)
            {
                (nearest, best) = (candidate, distance);
            }
        }

        return nearest;
    }
}
